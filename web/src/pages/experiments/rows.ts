/** Search, filter and order of the table of Experiments. */
import type { Row } from "../../api/types";
import { between, moment } from "../../text/number";

export type Choice = { search: string; state: string; namespace: string };

export function chosen(rows: Row[], { search, state, namespace }: Choice): Row[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (state && row.type !== state) return false;
    if (namespace && row.namespace !== namespace) return false;
    const text = `${row.name} ${row.algorithm} ${row.objective.metric} ${row.type}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export type By =
  | "type"
  | "name"
  | "algorithm"
  | "progress"
  | "best"
  | "created"
  | "duration"
  | "eta";

function key(row: Row, by: By, now: number): string | number | null {
  switch (by) {
    case "type":
    case "name":
    case "algorithm":
      return row[by];
    case "progress": {
      const { succeeded, failed, killed, earlyStopped, metricsUnavailable } = row.counts;
      const done = succeeded + failed + killed + earlyStopped + metricsUnavailable;
      return row.max_trials ? done / row.max_trials : done;
    }
    case "best":
      return row.best?.value ?? null;
    case "created":
      return moment(row.created);
    case "duration":
      return between(row.started, row.completed, now);
    case "eta":
      return row.eta_s;
  }
}

/** In order; what is absent stands last either way. */
export function ordered(rows: Row[], by: By, down: boolean, now: number): Row[] {
  const keyed = rows.map((row) => ({ row, key: key(row, by, now) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return a.key === b.key ? 0 : a.key === null ? 1 : -1;
    const order =
      typeof a.key === "number"
        ? a.key - (b.key as number)
        : a.key.localeCompare(b.key as string, "en", { numeric: true });
    return (down ? -order : order) || a.row.name.localeCompare(b.row.name, "en");
  });
  return keyed.map(({ row }) => row);
}
