/** The objective against each parameter, a small picture for each; the colour tells early from late trials. */
import { useMemo } from "react";
import type { Experiment, Trials } from "../api/types";
import { useT } from "../i18n";
import { go, link } from "../route";
import { type Choice, metricAxes, parameterAxes } from "./axes";
import { Chart } from "./Chart";
import { bucket, RAMP } from "./colours";
import { TrialTip } from "./TrialTip";

export function Slice({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const axes = useMemo(() => parameterAxes(facts, trials), [facts, trials]);
  const objective = useMemo(() => metricAxes(facts, trials)[0] as Choice, [facts, trials]);
  const colour = useMemo(
    () => trials.index.map((_, i) => RAMP[bucket(i / Math.max(1, trials.rows - 1))] as string),
    [trials],
  );
  const keys = useMemo(() => trials.index.map((_, i) => i), [trials]);
  return (
    <>
      <p className="faint">{t("slice.how")}</p>
      <div className="small-multiples">
        {axes.map((axis) => (
          <section key={axis.id} className="card">
            <Chart
              label={t("slice.said", { metric: objective.label, parameter: axis.label })}
              x={{ scale: axis.scale, title: axis.label }}
              y={{ scale: objective.scale, title: objective.label }}
              height={240}
              layers={[
                {
                  kind: "points",
                  x: axis.values.map((v, i) => spread(axis, axis.scale.place(v), i)),
                  y: objective.values.map(objective.scale.place),
                  colour,
                  keys,
                },
              ]}
              tip={(row) => <TrialTip facts={facts} trials={trials} row={row} />}
              onPick={(row) =>
                go(link("trial", facts.namespace, facts.name, trials.name[row] ?? ""))
              }
            />
          </section>
        ))}
      </div>
    </>
  );
}

/** Points of one choice lie side by side rather than on each other; always the same way. */
function spread(axis: Choice, place: number | null, i: number): number | null {
  if (place === null || axis.scale.kind !== "choice") return place;
  const aside = (((i * 0.618034) % 1) - 0.5) * 0.06;
  return place + aside;
}
