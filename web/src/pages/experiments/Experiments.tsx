/** All Experiments, live. */
import { useState } from "react";
import { useExperiments, useSession } from "../../api/queries";
import type { Row } from "../../api/types";
import { type Key, useT } from "../../i18n";
import { ActionsMenu } from "../../parts/Actions";
import { Answer } from "../../parts/Answer";
import { useNow } from "../../parts/now";
import { Progress } from "../../parts/Progress";
import { Sparkline } from "../../parts/Sparkline";
import { Status } from "../../parts/Status";
import { Text } from "../../parts/Text";
import { go, link } from "../../route";
import { between, duration, moment, number } from "../../text/number";
import { type By, type Choice, chosen, ordered } from "./rows";

const PAGE = 200;
const STATES = ["Created", "Running", "Restarting", "Suspended", "Succeeded", "Failed"];

export function Experiments() {
  const answer = useExperiments();
  return <Answer of={answer}>{({ items }) => <Table rows={items} />}</Answer>;
}

function Table({ rows }: { rows: Row[] }) {
  const t = useT();
  const now = useNow();
  const session = useSession();
  const [choice, setChoice] = useState<Choice>({ search: "", state: "", namespace: "" });
  const [order, setOrder] = useState<{ by: By; down: boolean }>({ by: "created", down: true });
  const [most, setMost] = useState(PAGE);
  const [marked, setMarked] = useState<Set<string>>(new Set());
  const namespaces = [...new Set(rows.map((row) => row.namespace))].sort();
  const shown = ordered(chosen(rows, choice), order.by, order.down, now);
  const set = (part: Partial<Choice>) => setChoice({ ...choice, ...part });
  const heads: [By | "", Key][] = [
    ["type", "status"],
    ["name", "name"],
    ["algorithm", "algorithm"],
    ["progress", "trials"],
    ["best", "best"],
    ["", "history.short"],
    ["created", "age"],
    ["duration", "duration"],
    ["eta", "eta"],
    ["", "actions"],
  ];

  if (rows.length === 0) {
    return (
      <div className="empty">
        <h1>{t("experiments")}</h1>
        <p>{t("experiments.none")}</p>
        <pre>munshi run examples/digits.yaml</pre>
        {session.data?.can.create !== false && (
          <a className="button primary" href="#/new">
            {t("new")}
          </a>
        )}
      </div>
    );
  }
  return (
    <>
      <div className="head">
        <h1>{t("experiments")}</h1>
        <input
          type="search"
          placeholder={t("search.hint")}
          aria-label={t("search")}
          value={choice.search}
          onChange={(event) => set({ search: event.target.value })}
        />
        <select
          aria-label={t("status")}
          value={choice.state}
          onChange={(event) => set({ state: event.target.value })}
        >
          <option value="">{t("state.all")}</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {t(`state.${state}` as Key)}
            </option>
          ))}
        </select>
        {namespaces.length > 1 && (
          <select
            aria-label={t("namespace")}
            value={choice.namespace}
            onChange={(event) => set({ namespace: event.target.value })}
          >
            <option value="">{t("namespace.all")}</option>
            {namespaces.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
        <span className="space" />
        <button
          type="button"
          disabled={marked.size < 2 || marked.size > 5}
          title={t("compare.how")}
          onClick={() =>
            go(`#/compare?${[...marked].map((id) => `e=${encodeURIComponent(id)}`).join("&")}`)
          }
        >
          {t("compare")} {marked.size > 0 && `(${marked.size})`}
        </button>
      </div>
      <div className="scroll-x">
        <table className="list experiments">
          <thead>
            <tr>
              <th scope="col">
                <span className="off-screen">{t("compare")}</span>
              </th>
              {heads.map(([by, label]) => (
                <Head key={label} by={by} label={t(label)} order={order} onOrder={setOrder} />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.slice(0, most).map((row) => (
              <Line
                key={row.uid}
                row={row}
                now={now}
                several={namespaces.length > 1}
                marked={marked.has(idOf(row))}
                onMark={(on) => {
                  const next = new Set(marked);
                  if (on) next.add(idOf(row));
                  else next.delete(idOf(row));
                  setMarked(next);
                }}
              />
            ))}
          </tbody>
        </table>
      </div>
      <p className="faint" role="status">
        {t("shown", { n: Math.min(most, shown.length), of: rows.length })}{" "}
        {shown.length > most && (
          <button type="button" className="small" onClick={() => setMost(most + PAGE)}>
            {t("more")}
          </button>
        )}
      </p>
    </>
  );
}

const idOf = (row: Row) => `${row.namespace}/${row.name}`;

export function Head<T extends string>({
  by,
  label,
  order,
  onOrder,
}: {
  by: T | "";
  label: string;
  order: { by: T; down: boolean };
  onOrder: (order: { by: T; down: boolean }) => void;
}) {
  if (by === "") return <th scope="col">{label}</th>;
  const mine = order.by === by;
  return (
    <th scope="col" aria-sort={mine ? (order.down ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        className="sort"
        onClick={() => onOrder({ by, down: mine ? !order.down : false })}
      >
        {label}
        <span aria-hidden="true">{mine ? (order.down ? " ↓" : " ↑") : ""}</span>
      </button>
    </th>
  );
}

function Line({
  row,
  now,
  several,
  marked,
  onMark,
}: {
  row: Row;
  now: number;
  several: boolean;
  marked: boolean;
  onMark: (on: boolean) => void;
}) {
  const t = useT();
  const created = moment(row.created);
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={`${t("compare")} ${row.name.slice(0, 80)}`}
          checked={marked}
          onChange={(event) => onMark(event.target.checked)}
        />
      </td>
      <td>
        <Status type={row.type} title={row.message} />
      </td>
      <th scope="row">
        <a href={link("experiment", row.namespace, row.name)}>
          <Text value={row.name} most={60} />
        </a>
        {several && (
          <span className="faint">
            {" "}
            <Text value={row.namespace} most={40} />
          </span>
        )}
      </th>
      <td>
        <Text value={row.algorithm} most={40} />
      </td>
      <td>
        <Progress counts={row.counts} most={row.max_trials} />
      </td>
      <td className="num value">
        {number(row.best?.value)}{" "}
        <span className="faint">
          <Text value={row.objective.metric} most={24} />{" "}
          <span aria-hidden="true">{row.objective.type === "maximize" ? "↑" : "↓"}</span>
          <span className="off-screen">{t(row.objective.type)}</span>
        </span>
      </td>
      <td>
        <Sparkline values={row.sparkline} />
      </td>
      <td className="num">{duration(created === null ? null : (now - created) / 1000)}</td>
      <td className="num">{duration(between(row.started, row.completed, now))}</td>
      <td className="num">{row.type === "Running" ? duration(row.eta_s) : ""}</td>
      <td>
        <ActionsMenu row={row} />
      </td>
    </tr>
  );
}
