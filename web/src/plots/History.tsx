/** The objective of every trial, the best so far, and the goal. */
import { useMemo } from "react";
import type { Experiment, Trials } from "../api/types";
import { bestAt, bestSoFar, counted } from "../facts/best";
import { type Key, useT } from "../i18n";
import { go, link } from "../route";
import { number } from "../text/number";
import { Chart } from "./Chart";
import { stateColour } from "./colours";
import type { Layer } from "./layers";
import { extent, linear, roomy } from "./scales";
import { TrialTip } from "./TrialTip";

const BEST = "#8a63c9";

export function History({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const { type, metric, goal } = facts.objective;
  const made = useMemo(() => {
    const best = bestSoFar(counted(trials), type);
    const [low, high] = extent(trials.objective);
    // A goal far away would flatten what there is to see; then it stays outside and is told in words.
    const span = high - low || Math.abs(high) || 1;
    const near = goal !== null && goal <= high + 2 * span && goal >= low - 2 * span;
    const y = linear(
      ...roomy(near ? Math.min(low, goal) : low, near ? Math.max(high, goal) : high),
    );
    const x = linear(...roomy(...extent(trials.index), 0.02), true);
    const xs = trials.index.map((n, i) => x.place(n ?? i));
    const layers: Layer[] = [];
    if (near) {
      const at = y.place(goal);
      layers.push({ kind: "line", x: [0, 1], y: [at, at], colour: "#2f9e63", dash: [6, 4] });
    }
    layers.push({
      kind: "points",
      x: xs,
      y: trials.objective.map((value) => y.place(value)),
      colour: trials.type.map(stateColour),
      keys: trials.index.map((_, i) => i),
    });
    layers.push({
      kind: "line",
      x: xs,
      y: best.map((value) => y.place(value)),
      colour: BEST,
      width: 2,
      step: true,
    });
    return { x, y, layers, near, at: bestAt(counted(trials), type) };
  }, [trials, type, goal]);
  const value = made.at < 0 ? null : (trials.objective[made.at] ?? null);
  const said =
    value === null
      ? t("history.none")
      : t("history.said", {
          best: number(value),
          metric,
          trial: trials.index[made.at] ?? made.at,
          of: trials.rows,
        });
  if (value === null) return <p className="faint">{said}</p>;
  return (
    <>
      <Chart
        label={said}
        x={{ scale: made.x, title: t("trial.number") }}
        y={{ scale: made.y, title: metric }}
        layers={made.layers}
        tip={(row) => <TrialTip facts={facts} trials={trials} row={row} />}
        onPick={(row) => go(link("trial", facts.namespace, facts.name, trials.name[row] ?? ""))}
      />
      <p className="legend">
        {["Succeeded", "EarlyStopped"].map((state) => (
          <span key={state} className="key">
            <i style={{ color: stateColour(state) }}>●</i> {t(`state.${state}` as Key)}
          </span>
        ))}
        <span className="key">
          <i style={{ color: BEST }}>━</i> {t("legend.best")}
        </span>
        {goal !== null && (
          <span className="key">
            <i style={{ color: "#2f9e63" }}>┅</i> {t("goal")} {number(goal)}{" "}
            {made.near ? "" : t("goal.outside")}
          </span>
        )}
      </p>
    </>
  );
}
