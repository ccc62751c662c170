/** Two metrics against each other, and the trials that no other beats in both. */
import { useMemo, useState } from "react";
import type { Experiment, Trials } from "../api/types";
import { paretoFront, type Type } from "../facts/best";
import { useT } from "../i18n";
import { Text } from "../parts/Text";
import { go, link } from "../route";
import { number } from "../text/number";
import { metricAxes } from "./axes";
import { Chart } from "./Chart";
import type { Layer } from "./layers";
import { Picker } from "./Picker";
import { TrialTip } from "./TrialTip";

export function Pareto({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const axes = useMemo(() => metricAxes(facts, trials), [facts, trials]);
  const [first, setFirst] = useState(axes[0]?.id ?? "");
  const [second, setSecond] = useState(axes[1]?.id ?? "");
  const [types, setTypes] = useState<[Type, Type]>([facts.objective.type, "minimize"]);
  const x = axes.find((axis) => axis.id === first);
  const y = axes.find((axis) => axis.id === second);
  const made = useMemo(() => {
    if (!x || !y) return null;
    const [xv, yv] = [x.values as (number | null)[], y.values as (number | null)[]];
    const front = paretoFront(xv, yv, types);
    const px = xv.map(x.scale.place);
    const py = yv.map(y.scale.place);
    const at = (list: (number | null)[]) => front.map((i) => list[i] ?? null);
    const layers: Layer[] = [
      {
        kind: "points",
        x: px,
        y: py,
        colour: "rgba(120,130,145,.6)",
        keys: trials.index.map((_, i) => i),
      },
      { kind: "line", x: at(px), y: at(py), colour: "#d9822b", step: false, dash: [4, 3] },
      { kind: "points", x: at(px), y: at(py), colour: "#d9822b", size: 5, keys: front },
    ];
    return { front, layers };
  }, [x, y, types, trials]);
  if (!x || !y || !made) return <p className="faint">{t("pareto.two")}</p>;
  const sense = (i: 0 | 1, label: string) => (
    <label className="picker">
      <span className="off-screen">{label}</span>
      <select
        value={types[i]}
        onChange={(event) => {
          const next: [Type, Type] = [...types];
          next[i] = event.target.value as Type;
          setTypes(next);
        }}
      >
        <option value="maximize">{t("maximize")}</option>
        <option value="minimize">{t("minimize")}</option>
      </select>
    </label>
  );
  return (
    <>
      <div className="row">
        <Picker label="x" axes={axes} now={x.id} onPick={setFirst} />
        {sense(0, `x: ${t("sense")}`)}
        <Picker label="y" axes={axes} now={y.id} onPick={setSecond} />
        {sense(1, `y: ${t("sense")}`)}
      </div>
      <Chart
        label={t("pareto.said", { n: made.front.length, x: x.label, y: y.label })}
        x={{ scale: x.scale, title: x.label }}
        y={{ scale: y.scale, title: y.label }}
        height={400}
        layers={made.layers}
        tip={(row) => <TrialTip facts={facts} trials={trials} row={row} />}
        onPick={(row) => go(link("trial", facts.namespace, facts.name, trials.name[row] ?? ""))}
      />
      <p>{t("pareto.said", { n: made.front.length, x: x.label, y: y.label })}</p>
      <ol className="plain">
        {made.front.slice(0, 30).map((row) => (
          <li key={row}>
            <a href={link("trial", facts.namespace, facts.name, trials.name[row] ?? "")}>
              <Text value={trials.name[row] ?? ""} most={60} />
            </a>{" "}
            <span className="num">
              {number(x.values[row] as number | null)} · {number(y.values[row] as number | null)}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
