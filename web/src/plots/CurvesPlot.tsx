/** A metric of every trial over its steps. Trials that were stopped early end in a diamond of their colour. */
import { useMemo, useState } from "react";
import { useCurves } from "../api/queries";
import type { Curves, Experiment, Trials } from "../api/types";
import { evenly } from "../facts/best";
import { useT } from "../i18n";
import { Answer } from "../parts/Answer";
import { Text } from "../parts/Text";
import { go, link } from "../route";
import { Chart } from "./Chart";
import { stateColour } from "./colours";
import type { Layer } from "./layers";
import { Picker } from "./Picker";
import { extent, linear, roomy } from "./scales";
import { TrialTip } from "./TrialTip";

/** So many lines can still be told apart as a field; the best ones and an even choice of the others. */
const MOST = 600;

export function CurvesPlot({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const names = facts.metrics.length > 0 ? facts.metrics : [facts.objective.metric];
  const [metric, setMetric] = useState(names[0] ?? "");
  const answer = useCurves(facts.namespace, facts.name, metric);
  return (
    <>
      <Picker
        label={t("metric")}
        axes={names.map((name) => ({ id: name, label: name }))}
        now={metric}
        onPick={setMetric}
      />
      <Answer of={answer}>
        {(curves) => <Picture facts={facts} trials={trials} curves={curves} metric={metric} />}
      </Answer>
    </>
  );
}

function Picture({
  facts,
  trials,
  curves,
  metric,
}: {
  facts: Experiment;
  trials: Trials;
  curves: Curves;
  metric: string;
}) {
  const t = useT();
  const made = useMemo(() => {
    const rowOf = new Map(trials.name.map((name, i) => [name, i]));
    const whole = Object.entries(curves.curves).filter(
      ([name, c]) => c.length > 0 && rowOf.has(name),
    );
    const list = evenly(whole.length, MOST).map((i) => whole[i]!);
    const steps = list.flatMap(([, curve]) => [curve[0]![0], curve.at(-1)![0]]);
    const x = linear(...roomy(...extent(steps), 0.01), true);
    const y = linear(...roomy(...extent(list.flatMap(([, curve]) => curve.map((p) => p[1])))));
    const layers: Layer[] = list.map(([name, curve]) => {
      const row = rowOf.get(name) as number;
      return {
        kind: "line",
        x: curve.map((p) => x.place(p[0])),
        y: curve.map((p) => y.place(p[1])),
        colour: stateColour(trials.type[row] ?? ""),
        width: 1.2,
        faint: list.length > 20,
        key: row,
      };
    });
    const stopped = list.filter(
      ([name]) => trials.type[rowOf.get(name) as number] === "EarlyStopped",
    );
    layers.push({
      kind: "points",
      x: stopped.map(([, curve]) => x.place(curve.at(-1)![0])),
      y: stopped.map(([, curve]) => y.place(curve.at(-1)![1])),
      colour: stateColour("EarlyStopped"),
      size: 4,
      keys: stopped.map(([name]) => rowOf.get(name) as number),
    });
    return { x, y, layers, shown: list.length, of: whole.length, stopped: stopped.length };
  }, [trials, curves]);
  if (made.of === 0) return <p className="faint">{t("curves.none")}</p>;
  return (
    <>
      <Chart
        label={t("curves.said", { metric, n: made.of, stopped: made.stopped })}
        x={{ scale: made.x, title: t("step") }}
        y={{ scale: made.y, title: metric }}
        height={400}
        layers={made.layers}
        tip={(row) => <TrialTip facts={facts} trials={trials} row={row} />}
        onPick={(row) => go(link("trial", facts.namespace, facts.name, trials.name[row] ?? ""))}
      />
      <p className="legend">
        {["Succeeded", "Running", "EarlyStopped", "Failed"].map((type) => (
          <span key={type} className="key">
            <i style={{ color: stateColour(type) }}>{type === "EarlyStopped" ? "━●" : "━"}</i>{" "}
            {t(`state.${type}` as "state.Running")}
          </span>
        ))}
      </p>
      <p className="faint" role="status">
        {made.shown < made.of && t("thinned", { n: made.shown, of: made.of })}{" "}
        {curves.said && <Text value={curves.said} most={400} />}
      </p>
    </>
  );
}
