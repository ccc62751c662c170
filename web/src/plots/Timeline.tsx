/** When each trial ran, beside which others. */
import { useMemo } from "react";
import type { Experiment, Trials } from "../api/types";
import { lanes } from "../facts/best";
import { useT } from "../i18n";
import { useNow } from "../parts/now";
import { go, link } from "../route";
import { moment } from "../text/number";
import { Chart } from "./Chart";
import { stateColour } from "./colours";
import { elapsed, linear } from "./scales";
import { TrialTip } from "./TrialTip";

export function Timeline({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const now = useNow(facts.completed ? 3_600_000 : 2000);
  const made = useMemo(() => {
    const rows = trials.started.flatMap((time, i) => (moment(time) === null ? [] : [i]));
    const spans = rows.map((i): [number, number] => {
      const from = moment(trials.started[i]) as number;
      return [from, Math.max(from, moment(trials.completed[i]) ?? now)];
    });
    const origin = spans.reduce((least, [from]) => Math.min(least, from), Number.POSITIVE_INFINITY);
    const end = spans.reduce((most, [, to]) => Math.max(most, to), origin);
    const x = elapsed(end - origin);
    const lane = lanes(spans);
    const deep = lane.reduce((most, l) => Math.max(most, l + 1), 1);
    const y = linear(0, deep);
    const place = (ms: number) => x.place(ms - origin) as number;
    return {
      x,
      y,
      deep,
      rows,
      layers: [
        {
          kind: "bars" as const,
          from: spans.map(([from]) => place(from)),
          to: spans.map(([, to]) => place(to)),
          y: lane.map((l) => l / deep),
          height: 1 / deep,
          colour: rows.map((i) => stateColour(trials.type[i] ?? "")),
          keys: rows,
        },
      ],
    };
  }, [trials, now]);
  if (made.rows.length === 0) return <p className="faint">{t("trials.none")}</p>;
  return (
    <>
      <Chart
        label={t("timeline.said", { n: made.rows.length, lanes: made.deep })}
        x={{ scale: made.x, title: t("timeline.x") }}
        y={{ scale: made.y, title: t("timeline.y") }}
        height={Math.min(520, Math.max(180, 60 + 26 * made.deep))}
        layers={made.layers}
        tip={(row) => <TrialTip facts={facts} trials={trials} row={row} />}
        onPick={(row) => go(link("trial", facts.namespace, facts.name, trials.name[row] ?? ""))}
      />
      <p className="legend">
        {["Succeeded", "Running", "EarlyStopped", "Failed", "Killed"].map((type) => (
          <span key={type} className="key">
            <i style={{ color: stateColour(type) }}>■</i> {t(`state.${type}` as "state.Running")}
          </span>
        ))}
      </p>
    </>
  );
}
