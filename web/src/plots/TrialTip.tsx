import type { Experiment, Trials } from "../api/types";
import { Text } from "../parts/Text";
import { number, numeric } from "../text/number";

const MOST = 12;

/** A trial in a few lines: its name, its objective value, its settings. */
export function TrialTip({
  facts,
  trials,
  row,
}: {
  facts: Experiment;
  trials: Trials;
  row: number;
}) {
  const names = trials.parameters.slice(0, MOST);
  return (
    <>
      <strong>
        <Text value={trials.name[row] ?? ""} most={50} />
      </strong>
      <br />
      <Text value={facts.objective.metric} most={30} /> {number(trials.objective[row])} ·{" "}
      <Text value={trials.type[row] ?? ""} most={20} />
      {names.map((name) => {
        const value = trials.values[name]?.[row] ?? null;
        const n = numeric(value);
        return (
          <div key={name} className="faint">
            <Text value={name} most={24} /> ={" "}
            <Text value={n === null ? (value ?? "–") : number(n)} most={30} />
          </div>
        );
      })}
      {trials.parameters.length > MOST && <div className="faint">…</div>}
    </>
  );
}
