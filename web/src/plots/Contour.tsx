/** The objective over two parameters: what was measured as points, what we guess between them as ground. */
import { useMemo, useState } from "react";
import type { Experiment, Trials } from "../api/types";
import { evenly } from "../facts/best";
import { surface } from "../facts/surface";
import { useT } from "../i18n";
import { go, link } from "../route";
import { type Choice, parameterAxes } from "./axes";
import { Chart } from "./Chart";
import { bucket, RAMP } from "./colours";
import type { Layer } from "./layers";
import { Ramp } from "./Parallel";
import { Picker } from "./Picker";
import { extent } from "./scales";
import { TrialTip } from "./TrialTip";

const SIDE = 48;
/** The guess takes time with every point; from so many on, an even choice of them serves as well. */
const MOST = 1500;

export function Contour({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const axes = useMemo(() => parameterAxes(facts, trials), [facts, trials]);
  const [first, setFirst] = useState(axes[0]?.id ?? "");
  const [second, setSecond] = useState(axes[1]?.id ?? "");
  const x = axes.find((axis) => axis.id === first) ?? axes[0];
  const y = axes.find((axis) => axis.id === second) ?? axes[1];
  if (!x || !y) return <p className="faint">{t("contour.two")}</p>;
  return (
    <>
      <div className="row">
        <Picker label="x" axes={axes} now={x.id} onPick={setFirst} />
        <Picker label="y" axes={axes} now={y.id} onPick={setSecond} />
      </div>
      <Picture facts={facts} trials={trials} x={x} y={y} />
      <Ramp facts={facts} trials={trials} />
    </>
  );
}

function bandsOf(side: "x" | "y", axis: Choice): { x?: number; y?: number } {
  if (axis.scale.kind !== "choice") return {};
  return { [side]: axis.scale.ticks(Number.POSITIVE_INFINITY).length };
}

function Picture({
  facts,
  trials,
  x,
  y,
}: {
  facts: Experiment;
  trials: Trials;
  x: Choice;
  y: Choice;
}) {
  const t = useT();
  const made = useMemo(() => {
    const px = x.values.map(x.scale.place);
    const py = y.values.map(y.scale.place);
    const measured = trials.objective.flatMap((value, i) => (value === null ? [] : [i]));
    const rows = evenly(measured.length, MOST).map((i) => measured[i] as number);
    const pick = <T,>(list: (T | null)[]) => rows.map((row) => list[row] ?? null);
    const [low, high] = extent(trials.objective);
    const up = facts.objective.type === "maximize";
    const colourOf = (value: number) => {
      const place = high === low ? 0.5 : (value - low) / (high - low);
      return RAMP[bucket(up ? place : 1 - place)] as string;
    };
    const guess = surface(pick(px), pick(py), pick(trials.objective), SIDE, {
      ...bandsOf("x", x),
      ...bandsOf("y", y),
    });
    const layers: Layer[] = [
      {
        kind: "cells",
        across: SIDE,
        up: SIDE,
        colour: guess.map((value) =>
          value === null ? null : colourOf(value).replace("rgb(", "rgba(").replace(")", ",.55)"),
        ),
      },
      {
        kind: "points",
        x: measured.map((i) => px[i] ?? null),
        y: measured.map((i) => py[i] ?? null),
        colour: measured.map((i) => colourOf(trials.objective[i] as number)),
        size: 4,
        keys: measured,
      },
      {
        kind: "points",
        x: measured.length > 3000 ? [] : measured.map((i) => px[i] ?? null),
        y: measured.length > 3000 ? [] : measured.map((i) => py[i] ?? null),
        colour: "rgba(128,128,128,.7)",
        size: 4.5,
        ring: true,
      },
    ];
    return { layers, used: rows.length, of: measured.length };
  }, [x, y, trials, facts.objective.type]);
  return (
    <>
      <Chart
        label={t("contour.said", { metric: facts.objective.metric, x: x.label, y: y.label })}
        x={{ scale: x.scale, title: x.label }}
        y={{ scale: y.scale, title: y.label }}
        height={420}
        layers={made.layers}
        tip={(row) => <TrialTip facts={facts} trials={trials} row={row} />}
        onPick={(row) => go(link("trial", facts.namespace, facts.name, trials.name[row] ?? ""))}
      />
      <p className="faint">
        {t("contour.guess")} {made.used < made.of && t("thinned", { n: made.used, of: made.of })}
      </p>
    </>
  );
}
