/** How the objective went, what is best, and why the Experiment stands as it stands. */
import { useMemo, useState } from "react";
import type { Experiment, Trials } from "../../api/types";
import { asArgs, asJson, asYaml } from "../../facts/yaml";
import { useT } from "../../i18n";
import { Conditions } from "../../parts/Conditions";
import { Copy } from "../../parts/Copy";
import { Text } from "../../parts/Text";
import { History } from "../../plots/History";
import { link } from "../../route";
import { clock, number } from "../../text/number";
import { clip } from "../../text/shown";

export function Overview({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  return (
    <div className="grid">
      <div className="stack">
        <section className="card">
          <h2>{t("history")}</h2>
          <History facts={facts} trials={trials} />
        </section>
        <Why facts={facts} />
      </div>
      <div className="stack">
        <Best facts={facts} trials={trials} />
        <Budget facts={facts} />
      </div>
    </div>
  );
}

function Budget({ facts }: { facts: Experiment }) {
  const t = useT();
  return (
    <section className="card">
      <h2>{t("budget")}</h2>
      <dl className="facts">
        <dt>{t("objective")}</dt>
        <dd>
          {t(facts.objective.type)} <Text value={facts.objective.metric} most={60} />
        </dd>
        <dt>{t("goal")}</dt>
        <dd className="num">{number(facts.objective.goal)}</dd>
        <dt>{t("algorithm")}</dt>
        <dd>
          <Text value={facts.algorithm} most={60} />
        </dd>
        <dt>{t("budget.trials")}</dt>
        <dd className="num">
          {facts.counts.total} / {facts.max_trials ?? "∞"}
        </dd>
        <dt>{t("parallel")}</dt>
        <dd className="num">{facts.parallel ?? "–"}</dd>
        <dt>{t("counts")}</dt>
        <dd>
          {t("counts.said", {
            succeeded: facts.counts.succeeded,
            stopped: facts.counts.earlyStopped,
            failed: facts.counts.failed,
            running: facts.counts.running,
          })}
        </dd>
        <dt>{t("started")}</dt>
        <dd className="num">{clock(facts.started)}</dd>
        <dt>{t("completed")}</dt>
        <dd className="num">{clock(facts.completed)}</dd>
        {facts.suggestion?.message && (
          <>
            <dt>{t("suggestion")}</dt>
            <dd>
              <Text value={facts.suggestion.message} most={600} />
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

function Why({ facts }: { facts: Experiment }) {
  const t = useT();
  return (
    <section className="card">
      <h2>{t("conditions")}</h2>
      {facts.message && (
        <p>
          <Text value={facts.message} most={1000} />
        </p>
      )}
      <Conditions items={facts.conditions} />
    </section>
  );
}

function Best({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const [form, setForm] = useState<"table" | "yaml" | "json" | "args">("table");
  const row = useMemo(
    () => (facts.best ? trials.name.indexOf(facts.best.trial) : -1),
    [facts.best, trials],
  );
  if (!facts.best || !facts.best_assignments) {
    return (
      <section className="card">
        <h2>{t("best.settings")}</h2>
        <p className="faint">{t("best.none")}</p>
      </section>
    );
  }
  const settings = facts.best_assignments;
  const texts = {
    yaml: asYaml(settings),
    json: asJson(settings),
    args: facts.best_args || asArgs(settings),
  };
  return (
    <section className="card">
      <h2>{t("best.settings")}</h2>
      <p>
        <strong className="big num">{number(facts.best.value)}</strong>{" "}
        <Text value={facts.objective.metric} most={60} /> ·{" "}
        <a href={link("trial", facts.namespace, facts.name, facts.best.trial)}>
          <Text value={facts.best.trial} most={60} />
        </a>
      </p>
      <fieldset className="choice">
        <legend className="off-screen">{t("copy.as")}</legend>
        {(["table", "yaml", "json", "args"] as const).map((one) => (
          <label key={one}>
            <input type="radio" name="form" checked={form === one} onChange={() => setForm(one)} />
            {t(`form.${one}`)}
          </label>
        ))}
        {form !== "table" && <Copy text={texts[form]} />}
      </fieldset>
      {form === "table" ? (
        <dl className="facts">
          {Object.entries(settings).map(([name, value]) => (
            <Fact key={name} name={name} value={value} />
          ))}
          {row >= 0 &&
            trials.metrics
              .filter((name) => name !== facts.objective.metric)
              .map((name) => (
                <Fact
                  key={`metric ${name}`}
                  name={name}
                  value={number(trials.observed[name]?.latest[row])}
                  faint
                />
              ))}
        </dl>
      ) : (
        <pre tabIndex={0} role="region" aria-label={t("best.settings")}>
          {clip(texts[form], 20_000)}
        </pre>
      )}
    </section>
  );
}

function Fact({ name, value, faint }: { name: string; value: string; faint?: boolean }) {
  return (
    <>
      <dt>
        <Text value={name} most={60} />
      </dt>
      <dd className={faint ? "num faint" : "num"}>
        <Text value={value} most={200} />
      </dd>
    </>
  );
}
