/** The axes plots choose among: every parameter, every metric, the objective first. */
import type { Experiment, Trials } from "../api/types";
import { extent, linear, roomy, type Scale, scaleOf, type Value } from "./scales";

export type Choice = { id: string; label: string; metric: boolean; scale: Scale; values: Value[] };

export function parameterAxes(facts: Experiment, trials: Trials): Choice[] {
  return trials.parameters.map((name) => {
    const values = trials.values[name] ?? [];
    const parameter = facts.parameters.find((one) => one.name === name);
    return {
      id: `p:${name}`,
      label: name,
      metric: false,
      values,
      scale: scaleOf(parameter, values),
    };
  });
}

export function metricAxes(facts: Experiment, trials: Trials): Choice[] {
  const objective = facts.objective.metric;
  const names = [objective, ...trials.metrics.filter((name) => name !== objective)];
  return names.map((name) => {
    const values =
      name === objective ? trials.objective : (trials.observed[name]?.latest ?? trials.objective);
    const scale = linear(...roomy(...extent(values)));
    return { id: `m:${name}`, label: name, metric: true, values, scale };
  });
}
