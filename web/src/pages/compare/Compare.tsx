/** Two to five Experiments on one chart: the best so far by trials or by time. */

import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { at, get } from "../../api/client";
import type { Experiment, Trials } from "../../api/types";
import { bestSoFar, counted } from "../../facts/best";
import { useT } from "../../i18n";
import { Trouble } from "../../parts/Answer";
import { useNow } from "../../parts/now";
import { Status } from "../../parts/Status";
import { Text } from "../../parts/Text";
import { Chart } from "../../plots/Chart";
import { LINES } from "../../plots/colours";
import type { Layer } from "../../plots/layers";
import { elapsed, extent, linear, roomy } from "../../plots/scales";
import { link } from "../../route";
import { between, duration, moment, number } from "../../text/number";

type Pair = { facts: Experiment; trials: Trials };

export default function Compare({ which }: { which: string[] }) {
  const t = useT();
  const names = which.slice(0, 5).map((id) => {
    const cut = id.indexOf("/");
    return [id.slice(0, cut), id.slice(cut + 1)] as const;
  });
  const facts = useQueries({
    queries: names.map(([ns, name]) => ({
      queryKey: ["experiment", ns, name, {}] as const,
      queryFn: () => get<Experiment>(at(ns, name)),
    })),
  });
  const trials = useQueries({
    queries: names.map(([ns, name]) => ({
      queryKey: ["experiment", ns, name, "trials", {}] as const,
      queryFn: () => get<Trials>(at(ns, name, "trials")),
      structuralSharing: false,
    })),
  });
  const errors = [...facts, ...trials].flatMap((one) => (one.error ? [one.error] : []));
  const pairs = facts.flatMap((one, i): Pair[] => {
    const data = trials[i]?.data;
    return one.data && data ? [{ facts: one.data, trials: data }] : [];
  });
  return (
    <>
      <p className="crumbs">
        <a href="#/">{t("experiments")}</a>
      </p>
      <h1>{t("compare")}</h1>
      {names.length < 2 && <p>{t("compare.how")}</p>}
      {errors.map((error, i) => (
        <Trouble key={i} error={error} />
      ))}
      {pairs.length + errors.length < names.length && <p className="waiting">{t("loading")}</p>}
      {pairs.length > 0 && <Together pairs={pairs} />}
    </>
  );
}

function Together({ pairs }: { pairs: Pair[] }) {
  const t = useT();
  const now = useNow(5000);
  const [by, setBy] = useState<"trial" | "time">("trial");
  const metrics = [...new Set(pairs.map(({ facts }) => facts.objective.metric))];
  const types = new Set(pairs.map(({ facts }) => facts.objective.type));
  const made = useMemo(() => picture(pairs, by), [pairs, by]);
  return (
    <>
      <fieldset className="choice">
        <legend>{t("compare.by")}</legend>
        {(["trial", "time"] as const).map((one) => (
          <label key={one}>
            <input type="radio" name="by" checked={by === one} onChange={() => setBy(one)} />
            {t(one === "trial" ? "trial.number" : "time")}
          </label>
        ))}
      </fieldset>
      {(metrics.length > 1 || types.size > 1) && <p className="why">{t("compare.unlike")}</p>}
      <Chart
        label={t("compare.said", { n: pairs.length, metric: metrics.join(", ").slice(0, 80) })}
        x={{ scale: made.x, title: by === "trial" ? t("trial.number") : t("timeline.x") }}
        y={{ scale: made.y, title: metrics.join(" / ") }}
        height={400}
        layers={made.layers}
        tip={(i) => <Text value={pairs[i]?.facts.name ?? ""} most={60} />}
      />
      <div className="scroll-x">
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t("name")}</th>
              <th scope="col">{t("status")}</th>
              <th scope="col">{t("algorithm")}</th>
              <th scope="col">{t("best")}</th>
              <th scope="col">{t("objective")}</th>
              <th scope="col">{t("trials")}</th>
              <th scope="col">{t("duration")}</th>
            </tr>
          </thead>
          <tbody>
            {pairs.map(({ facts }, i) => (
              <tr key={facts.uid}>
                <th scope="row">
                  <span aria-hidden="true" style={{ color: LINES[i] }}>
                    ━{" "}
                  </span>
                  <a href={link("experiment", facts.namespace, facts.name)}>
                    <Text value={facts.name} most={60} />
                  </a>
                </th>
                <td>
                  <Status type={facts.type} />
                </td>
                <td>
                  <Text value={facts.algorithm} most={40} />
                </td>
                <td className="num">{number(facts.best?.value)}</td>
                <td>
                  {t(facts.objective.type)} <Text value={facts.objective.metric} most={40} />
                </td>
                <td className="num">{facts.counts.total}</td>
                <td className="num">{duration(between(facts.started, facts.completed, now))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function picture(pairs: Pair[], by: "trial" | "time") {
  const curves = pairs.map(({ facts, trials }) => {
    const origin = extent(trials.started.map(moment))[0];
    const points = counted(trials).flatMap((value, i): [number, number][] => {
      const at = by === "trial" ? (trials.index[i] ?? i) : moment(trials.completed[i]);
      return value === null || at === null ? [] : [[by === "trial" ? at : at - origin, value]];
    });
    points.sort((a, b) => a[0] - b[0]);
    const best = bestSoFar(
      points.map((p) => p[1]),
      facts.objective.type,
    );
    return { x: points.map((p) => p[0]), y: best };
  });
  const [low, high] = extent(curves.flatMap((curve) => curve.x));
  const x = by === "trial" ? linear(...roomy(low, high, 0.02), true) : elapsed(high);
  const y = linear(...roomy(...extent(curves.flatMap((curve) => curve.y))));
  const layers: Layer[] = curves.map((curve, i) => ({
    kind: "line",
    x: curve.x.map((v) => x.place(v)),
    y: curve.y.map((v) => y.place(v)),
    colour: LINES[i % LINES.length] as string,
    width: 2,
    step: true,
    key: i,
  }));
  return { x, y, layers };
}
