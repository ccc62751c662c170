/** One trial: what it was given, what it reported, what it printed, and why it ended. */
import { useMemo, useState } from "react";
import { at, post } from "../../api/client";
import { useExperiment, useSeries, useSession, useTrial } from "../../api/queries";
import type { Trial as Facts, Series } from "../../api/types";
import { useT } from "../../i18n";
import { Answer } from "../../parts/Answer";
import { Code } from "../../parts/Code";
import { Conditions } from "../../parts/Conditions";
import { Copy } from "../../parts/Copy";
import { useNow } from "../../parts/now";
import { Status } from "../../parts/Status";
import { Story } from "../../parts/Story";
import { Tabs } from "../../parts/Tabs";
import { Text } from "../../parts/Text";
import { tell, tellTrouble } from "../../parts/Toasts";
import { Chart } from "../../plots/Chart";
import { LINES } from "../../plots/colours";
import type { Layer } from "../../plots/layers";
import { elapsed, extent, linear, roomy } from "../../plots/scales";
import { link } from "../../route";
import { between, clock, duration, moment, number } from "../../text/number";
import { clip } from "../../text/shown";
import { Log } from "./Log";

type Props = { namespace: string; name: string; trial: string; tab: string };
const TABS = ["overview", "log", "job", "yaml", "story"] as const;

export default function Trial({ namespace, name, trial, tab }: Props) {
  const answer = useTrial(namespace, name, trial);
  const t = useT();
  const tabs = TABS.map((id) => ({
    id,
    label: t(`tab.${id}`),
    href: link("trial", namespace, name, trial, id),
  }));
  return (
    <>
      <p className="crumbs">
        <a href="#/">{t("experiments")}</a> / <Text value={namespace} most={60} /> /{" "}
        <a href={link("experiment", namespace, name, "trials")}>
          <Text value={name} most={60} />
        </a>
      </p>
      <Answer of={answer}>
        {(facts) => (
          <>
            <Head facts={facts} namespace={namespace} name={name} />
            <Tabs tabs={tabs} now={tab} label={t("tabs")} />
            <section role="tabpanel" aria-label={tabs.find((one) => one.id === tab)?.label ?? tab}>
              {tab === "overview" && <Overview facts={facts} namespace={namespace} name={name} />}
              {tab === "log" && <Log namespace={namespace} name={name} trial={trial} />}
              {tab === "job" &&
                (facts.job ? (
                  <Code text={facts.job} file={`${trial}-job.yaml`} label={t("tab.job")} />
                ) : (
                  <p className="faint">{t("job.none")}</p>
                ))}
              {tab === "yaml" && (
                <Code text={facts.yaml} file={`${trial}.yaml`} label={t("tab.yaml")} />
              )}
              {tab === "story" && <Story items={facts.events} />}
            </section>
          </>
        )}
      </Answer>
    </>
  );
}

/** What munshi runs once more on request: results are never thrown away. */
const RETRIED = new Set(["Failed", "Killed"]);

function Head({ facts, namespace, name }: { facts: Facts; namespace: string; name: string }) {
  const t = useT();
  const now = useNow();
  const session = useSession();
  const [busy, setBusy] = useState(false);
  const ended = facts.completed !== null;
  async function perform(deed: "stop" | "retry") {
    setBusy(true);
    try {
      const said = await post<{ said: string }>(at(namespace, name, "trials", facts.name, deed));
      tell(said?.said ?? t("done"));
    } catch (error) {
      tellTrouble(error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <>
      <div className="head">
        <h1>
          <Text value={facts.name} most={80} />
        </h1>
        <Status type={facts.type} />
        <span className="faint num">{duration(between(facts.started, facts.completed, now))}</span>
        <span className="space" />
        {session.data?.can.act !== false && (
          <div className="actions">
            {!ended && (
              <button
                type="button"
                className="small"
                disabled={busy}
                onClick={() => void perform("stop")}
              >
                {t("trial.stop")}
              </button>
            )}
            {RETRIED.has(facts.type) && (
              <button
                type="button"
                className="small"
                disabled={busy}
                onClick={() => void perform("retry")}
              >
                {t("trial.retry")}
              </button>
            )}
          </div>
        )}
      </div>
      {facts.message && facts.type !== "Succeeded" && (
        <p className={facts.type === "Failed" ? "why bad" : "why"}>
          <strong>
            <Text value={facts.reason} most={80} />
          </strong>{" "}
          <Text value={facts.message} most={2000} />
        </p>
      )}
    </>
  );
}

function Overview({ facts, namespace, name }: { facts: Facts; namespace: string; name: string }) {
  const t = useT();
  return (
    <div className="grid">
      <Metrics namespace={namespace} name={name} trial={facts.name} />
      <section className="card">
        <h2>{t("parameters")}</h2>
        <dl className="facts">
          {Object.entries(facts.assignments).map(([key, value]) => (
            <Pair key={key} name={key} value={value} />
          ))}
        </dl>
        {facts.rerun && (
          <>
            <h3>{t("rerun")}</h3>
            <div className="row">
              <pre className="line" tabIndex={0} role="region" aria-label={t("rerun")}>
                {clip(facts.rerun, 4000)}
              </pre>
              <Copy text={facts.rerun} />
            </div>
          </>
        )}
      </section>
      <section className="card">
        <h2>{t("metrics")}</h2>
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t("metric")}</th>
              <th scope="col">{t("latest")}</th>
              <th scope="col">min</th>
              <th scope="col">max</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(facts.observation).map(([metric, seen]) => (
              <tr key={metric}>
                <th scope="row">
                  <Text value={metric} most={60} />
                </th>
                <td className="num">{number(seen.latest)}</td>
                <td className="num">{number(seen.min)}</td>
                <td className="num">{number(seen.max)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {facts.rules.length > 0 && (
          <>
            <h3>{t("rules")}</h3>
            <ul>
              {facts.rules.map((rule, i) => (
                <li key={i}>
                  <Text value={ruleText(rule)} most={200} />
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
      <section className="card wide2">
        <h2>{t("conditions")}</h2>
        <dl className="facts">
          <dt>{t("started")}</dt>
          <dd className="num">{clock(facts.started)}</dd>
          <dt>{t("completed")}</dt>
          <dd className="num">{clock(facts.completed)}</dd>
        </dl>
        <Conditions items={facts.conditions} />
      </section>
    </div>
  );
}

/** An early stopping rule as Katib writes it, or whatever else stands there. */
function ruleText(rule: unknown): string {
  if (rule !== null && typeof rule === "object" && "name" in rule) {
    const { name, comparison, value, start_step } = rule as Record<string, unknown>;
    return `${name} ${comparison ?? ""} ${value ?? ""}${start_step ? ` (step ≥ ${start_step})` : ""}`;
  }
  return typeof rule === "string" ? rule : JSON.stringify(rule);
}

function Pair({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>
        <Text value={name} most={80} />
      </dt>
      <dd className="num">
        <Text value={value} most={300} />
      </dd>
    </>
  );
}

function Metrics({ namespace, name, trial }: { namespace: string; name: string; trial: string }) {
  const t = useT();
  const answer = useSeries(namespace, name, trial);
  const experiment = useExperiment(namespace, name);
  const [by, setBy] = useState<"step" | "time">("step");
  return (
    <section className="card wide2">
      <div className="row">
        <h2>{t("metrics.steps")}</h2>
        <span className="space" />
        <fieldset className="choice">
          <legend className="off-screen">x</legend>
          {(["step", "time"] as const).map((one) => (
            <label key={one}>
              <input type="radio" name="by" checked={by === one} onChange={() => setBy(one)} />
              {t(one)}
            </label>
          ))}
        </fieldset>
      </div>
      <Answer of={answer}>
        {(series) => (
          <div className="small-multiples">
            {orderedMetrics(series, experiment.data?.objective.metric).map((metric, i) => (
              <Curve
                key={metric}
                metric={metric}
                series={series}
                by={by}
                colour={LINES[i % LINES.length]!}
              />
            ))}
            {Object.keys(series.metrics).length === 0 && (
              <p className="faint">{t("metrics.none")}</p>
            )}
          </div>
        )}
      </Answer>
    </section>
  );
}

function orderedMetrics(series: Series, objective: string | undefined): string[] {
  return Object.keys(series.metrics).sort((a, b) =>
    a === objective ? -1 : b === objective ? 1 : a.localeCompare(b, "en"),
  );
}

function Curve({
  metric,
  series,
  by,
  colour,
}: {
  metric: string;
  series: Series;
  by: "step" | "time";
  colour: string;
}) {
  const t = useT();
  const told = series.metrics[metric]!;
  const made = useMemo(() => {
    const origin = moment(told.points[0]?.[1]) ?? 0;
    const xs = told.points.map(([n, time]) =>
      by === "step" ? n : (moment(time) ?? origin) - origin,
    );
    const [low, high] = extent(xs);
    const x = by === "step" ? linear(...roomy(low, high, 0.02), true) : elapsed(high);
    const y = linear(...roomy(...extent(told.points.map((p) => p[2]))));
    const [px, py] = [xs.map((v) => x.place(v)), told.points.map((p) => y.place(p[2]))];
    const layers: Layer[] = [
      { kind: "line", x: px, y: py, colour },
      {
        kind: "points",
        x: px,
        y: py,
        colour,
        size: told.points.length > 200 ? 1 : 2.5,
        keys: told.points.map((_, i) => i),
      },
    ];
    return { x, y, layers };
  }, [told, by, colour]);
  const last = told.points.at(-1);
  return (
    <div>
      <Chart
        label={t("curve.said", { metric, n: told.count, last: number(last?.[2]) })}
        x={{ scale: made.x, title: by === "step" ? t("step") : t("timeline.x") }}
        y={{ scale: made.y, title: metric }}
        height={240}
        layers={made.layers}
        tip={(i) => (
          <>
            <strong>{number(told.points[i]?.[2])}</strong>
            <br />
            {t("step")} {told.points[i]?.[0]} · {clock(told.points[i]?.[1])}
          </>
        )}
      />
      {told.thinned && (
        <p className="faint">{t("thinned.points", { n: told.points.length, of: told.count })}</p>
      )}
    </div>
  );
}
