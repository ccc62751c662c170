/** The trials as a table: which columns there are, and in which order and choice of rows they are shown. */
import type { Trials } from "../api/types";
import { between, numeric } from "../text/number";

export type Cell = string | number | null;
export type Column = {
  id: string;
  label: string;
  group: "trial" | "metric" | "parameter";
  kind: "text" | "number" | "time" | "duration";
  at: (row: number) => Cell;
};

/** Every column of the trials, in the order Katib's users know: trial, metrics, parameters, times. */
export function columnsOf(trials: Trials, objective: string): Column[] {
  const fixed = (id: string, kind: Column["kind"], at: Column["at"]): Column => ({
    id,
    label: id,
    group: "trial",
    kind,
    at,
  });
  const metrics = [objective, ...trials.metrics.filter((name) => name !== objective)];
  return [
    fixed("index", "number", (i) => trials.index[i] ?? i),
    fixed("name", "text", (i) => trials.name[i] ?? null),
    fixed("status", "text", (i) => trials.type[i] ?? null),
    ...metrics.map(
      (name): Column => ({
        id: `metric:${name}`,
        label: name,
        group: "metric",
        kind: "number",
        at: (i) =>
          (name === objective ? trials.objective[i] : trials.observed[name]?.latest[i]) ?? null,
      }),
    ),
    ...trials.parameters.map((name): Column => {
      const values = trials.values[name] ?? [];
      const kind = values.every((v) => v === null || numeric(v) !== null) ? "number" : "text";
      return {
        id: `parameter:${name}`,
        label: name,
        group: "parameter",
        kind,
        at: (i) => values[i] ?? null,
      };
    }),
    fixed("started", "time", (i) => trials.started[i] ?? null),
    fixed("duration", "duration", (i) => {
      const end = trials.completed[i] ?? null;
      return end === null ? null : between(trials.started[i] ?? null, end, 0);
    }),
    fixed("reason", "text", (i) => trials.reason[i] ?? null),
  ];
}

export type Order = { id: string; down: boolean };

/** Rows in order. What is absent stands last either way; equal rows keep their order. */
export function sorted(rows: number[], column: Column | undefined, down: boolean): number[] {
  if (!column) return rows;
  const numbers = column.kind === "number" || column.kind === "duration";
  const keys = new Map<number, Cell>(
    rows.map((row) => [row, numbers ? numeric(column.at(row)) : column.at(row)]),
  );
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const x = keys.get(a) ?? null;
    const y = keys.get(b) ?? null;
    if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
    const order = numbers ? (x as number) - (y as number) : compare(String(x), String(y));
    return order * sign || a - b;
  });
}

/**
 * Rows whose cells fit every word of the filter. A word is looked for in the trial's texts; `lr>0.01`,
 * `loss<=2`, `status=Failed` compare one column.
 */
export function filtered(rows: number[], columns: Column[], filter: string): number[] {
  const tests = filter
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => testOf(word, columns));
  return tests.length === 0 ? rows : rows.filter((row) => tests.every((test) => test(row)));
}

function testOf(word: string, columns: Column[]): (row: number) => boolean {
  const match = /^(.+?)(<=|>=|!=|=|<|>)(.*)$/.exec(word);
  const column =
    match && columns.find((one) => one.label.toLowerCase() === match[1]!.toLowerCase());
  if (match && column) return comparison(column, match[2]!, match[3]!);
  const sought = word.toLowerCase();
  const texts = columns.filter((one) => one.kind === "text");
  return (row) =>
    texts.some((one) =>
      String(one.at(row) ?? "")
        .toLowerCase()
        .includes(sought),
    );
}

function comparison(column: Column, sign: string, text: string): (row: number) => boolean {
  const wanted = numeric(text);
  return (row) => {
    const cell = column.at(row);
    if (cell === null) return sign === "!=";
    const value = numeric(cell);
    if (value !== null && wanted !== null) {
      if (sign === "=") return value === wanted;
      if (sign === "!=") return value !== wanted;
      if (sign === "<") return value < wanted;
      if (sign === ">") return value > wanted;
      return sign === "<=" ? value <= wanted : value >= wanted;
    }
    const same = String(cell).toLowerCase() === text.toLowerCase();
    return sign === "=" ? same : sign === "!=" ? !same : false;
  };
}
