/** All trials as a table. Only the rows in sight are laid out, so ten thousand are as quick as ten. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { Experiment, Trials } from "../../api/types";
import { type Column, columnsOf, filtered, type Order, sorted } from "../../facts/columns";
import { type Key, useT } from "../../i18n";
import { Status } from "../../parts/Status";
import { Text } from "../../parts/Text";
import { go, link } from "../../route";
import { csv, save } from "../../text/csv";
import { clock, duration, number } from "../../text/number";
import { clip } from "../../text/shown";

const TALL = 32;
const FIXED = ["index", "name", "status", "started", "duration", "reason"];

export function TrialsTable({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const objective = facts.objective.metric;
  const [filter, setFilter] = useState("");
  const [order, setOrder] = useState<Order>({ id: "index", down: true });
  const [hidden, setHidden] = useState<Set<string>>(new Set(["reason"]));
  const columns = useMemo(() => columnsOf(trials, objective), [trials, objective]);
  const rows = useMemo(() => {
    const all = Array.from({ length: trials.rows }, (_, i) => i);
    const column = columns.find((one) => one.id === order.id);
    return sorted(filtered(all, columns, filter), column, order.down);
  }, [trials, columns, filter, order]);
  const best = useMemo(
    () => (facts.best ? trials.name.indexOf(facts.best.trial) : -1),
    [trials, facts.best],
  );
  const shown = columns.filter((one) => !hidden.has(one.id));
  const labelOf = (column: Column) =>
    FIXED.includes(column.id) ? t(`column.${column.id}` as Key) : column.label;

  function download(kind: "csv" | "json") {
    const name = `${facts.name}-trials.${kind}`;
    const cells = (row: number) => shown.map((column) => column.at(row));
    const heads = shown.map((column) => column.label);
    if (kind === "csv") save(name, "text/csv", csv(heads, rows.map(cells)));
    else {
      const list = rows.map((row) => Object.fromEntries(shown.map((c) => [c.id, c.at(row)])));
      save(name, "application/json", `${JSON.stringify(list, null, 1)}\n`);
    }
  }

  return (
    <>
      <div className="head">
        <input
          type="search"
          className="long"
          aria-label={t("filter")}
          placeholder={t("filter.hint")}
          title={t("filter.how")}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <span className="faint" role="status">
          {t("shown", { n: rows.length, of: trials.rows })}
        </span>
        <span className="space" />
        <details className="menu">
          <summary className="button">{t("columns")}</summary>
          <fieldset>
            <legend className="off-screen">{t("columns")}</legend>
            {columns.map((column) => (
              <label key={column.id} className="check">
                <input
                  type="checkbox"
                  checked={!hidden.has(column.id)}
                  disabled={column.id === "name"}
                  onChange={() => {
                    const next = new Set(hidden);
                    if (!next.delete(column.id)) next.add(column.id);
                    setHidden(next);
                  }}
                />
                <Text value={labelOf(column)} most={60} />
              </label>
            ))}
          </fieldset>
        </details>
        <button type="button" onClick={() => download("csv")}>
          CSV
        </button>
        <button type="button" onClick={() => download("json")}>
          JSON
        </button>
      </div>
      {trials.rows === 0 ? (
        <p className="faint">{t("trials.none")}</p>
      ) : (
        <Rows
          facts={facts}
          columns={shown}
          labelOf={labelOf}
          rows={rows}
          best={best}
          order={order}
          onOrder={setOrder}
        />
      )}
    </>
  );
}

type RowsProps = {
  facts: Experiment;
  columns: Column[];
  labelOf: (column: Column) => string;
  rows: number[];
  best: number;
  order: Order;
  onOrder: (order: Order) => void;
};

function Rows({ facts, columns, labelOf, rows, best, order, onOrder }: RowsProps) {
  const t = useT();
  const frame = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => TALL,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const nameAt = columns.find((one) => one.id === "name");
  return (
    <div className="tall" ref={frame} tabIndex={0} role="region" aria-label={t("tab.trials")}>
      <table className="list trials" aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => {
              const mine = order.id === column.id;
              return (
                <th
                  key={column.id}
                  scope="col"
                  className={column.group}
                  aria-sort={mine ? (order.down ? "descending" : "ascending") : "none"}
                >
                  <button
                    type="button"
                    className="sort"
                    onClick={() => onOrder({ id: column.id, down: mine ? !order.down : false })}
                  >
                    <Text value={labelOf(column)} most={30} />
                    <span aria-hidden="true">{mine ? (order.down ? " ↓" : " ↑") : ""}</span>
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {above > 0 && (
            <tr aria-hidden="true">
              <td style={{ height: above, padding: 0 }} colSpan={columns.length} />
            </tr>
          )}
          {items.map((item) => {
            const row = rows[item.index] as number;
            return (
              <tr
                key={row}
                aria-rowindex={item.index + 2}
                className={row === best ? "best" : ""}
                style={{ height: TALL }}
                onClick={(event) => {
                  if ((event.target as HTMLElement).closest("a")) return;
                  if (window.getSelection()?.toString()) return;
                  go(link("trial", facts.namespace, facts.name, String(nameAt?.at(row) ?? "")));
                }}
              >
                {columns.map((column) => (
                  <Cell key={column.id} facts={facts} column={column} row={row} best={best} />
                ))}
              </tr>
            );
          })}
          {below > 0 && (
            <tr aria-hidden="true">
              <td style={{ height: below, padding: 0 }} colSpan={columns.length} />
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function Cell({
  facts,
  column,
  row,
  best,
}: {
  facts: Experiment;
  column: Column;
  row: number;
  best: number;
}) {
  const t = useT();
  const value = column.at(row);
  if (column.id === "status") {
    return (
      <td>
        <Status type={String(value)} />
      </td>
    );
  }
  if (column.id === "name") {
    return (
      <th scope="row">
        <a href={link("trial", facts.namespace, facts.name, String(value))}>
          <Text value={String(value)} most={60} />
        </a>
        {row === best && (
          <span className="mark" title={t("best")}>
            ★<span className="off-screen">{t("best")}</span>
          </span>
        )}
      </th>
    );
  }
  if (value === null) return <td className="num faint">–</td>;
  if (column.kind === "time") return <td className="num">{clock(String(value))}</td>;
  if (column.kind === "duration") return <td className="num">{duration(Number(value))}</td>;
  if (typeof value === "number") return <td className="num">{number(value)}</td>;
  return (
    <td className={column.kind === "number" ? "num" : ""} title={clip(value, 300)}>
      <Text value={column.kind === "number" ? number(Number(value)) : value} most={40} />
    </td>
  );
}
