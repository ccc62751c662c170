/** One Experiment: a head with what matters most, and tabs. */
import { lazy, Suspense } from "react";
import { useEvents, useExperiment, useTrials } from "../../api/queries";
import type { Experiment as Facts } from "../../api/types";
import { useT } from "../../i18n";
import { Actions } from "../../parts/Actions";
import { Answer } from "../../parts/Answer";
import { Code } from "../../parts/Code";
import { useNow } from "../../parts/now";
import { Progress } from "../../parts/Progress";
import { Status } from "../../parts/Status";
import { Story } from "../../parts/Story";
import { Tabs } from "../../parts/Tabs";
import { Text } from "../../parts/Text";
import { go, link } from "../../route";
import { between, duration } from "../../text/number";
import { Overview } from "./Overview";
import { TrialsTable } from "./TrialsTable";

const Plots = lazy(() => import("./Plots"));

type Props = { namespace: string; name: string; tab: string; plot: string };

export function Experiment({ namespace, name, tab, plot }: Props) {
  const answer = useExperiment(namespace, name);
  return <Answer of={answer}>{(facts) => <Page facts={facts} tab={tab} plot={plot} />}</Answer>;
}

function Page({ facts, tab, plot }: { facts: Facts; tab: string; plot: string }) {
  const t = useT();
  const now = useNow();
  const { namespace, name } = facts;
  const tabs = (["overview", "trials", "plots", "yaml", "story"] as const).map((id) => ({
    id,
    label: t(`tab.${id}`),
    href: link("experiment", namespace, name, id),
  }));
  return (
    <>
      <p className="crumbs">
        <a href="#/">{t("experiments")}</a> / <Text value={namespace} most={60} />
      </p>
      <div className="head">
        <h1>
          <Text value={name} most={80} />
        </h1>
        <Status type={facts.type} title={facts.message} />
        <Progress counts={facts.counts} most={facts.max_trials} />
        <span className="faint num">
          {duration(between(facts.started, facts.completed, now))}
          {facts.eta_s !== null && facts.completed === null && facts.type === "Running"
            ? ` · ${t("eta")} ${duration(facts.eta_s)}`
            : ""}
        </span>
        <span className="space" />
        <Actions row={facts} onDeleted={() => go("#/")} />
      </div>
      <Tabs tabs={tabs} now={tab} label={t("tabs")} />
      <section role="tabpanel" aria-label={tabs.find((one) => one.id === tab)?.label ?? tab}>
        {tab === "overview" && <OverviewTab facts={facts} />}
        {tab === "trials" && <TrialsTab facts={facts} />}
        {tab === "plots" && (
          <Suspense fallback={<p className="waiting">{t("loading")}</p>}>
            <PlotsTab facts={facts} plot={plot || "parallel"} />
          </Suspense>
        )}
        {tab === "yaml" && <Code text={facts.yaml} file={`${name}.yaml`} label={t("tab.yaml")} />}
        {tab === "story" && <StoryTab facts={facts} />}
      </section>
    </>
  );
}

function OverviewTab({ facts }: { facts: Facts }) {
  const answer = useTrials(facts.namespace, facts.name);
  return <Answer of={answer}>{(trials) => <Overview facts={facts} trials={trials} />}</Answer>;
}

function TrialsTab({ facts }: { facts: Facts }) {
  const answer = useTrials(facts.namespace, facts.name);
  return <Answer of={answer}>{(trials) => <TrialsTable facts={facts} trials={trials} />}</Answer>;
}

function PlotsTab({ facts, plot }: { facts: Facts; plot: string }) {
  const answer = useTrials(facts.namespace, facts.name);
  return (
    <Answer of={answer}>{(trials) => <Plots facts={facts} trials={trials} plot={plot} />}</Answer>
  );
}

function StoryTab({ facts }: { facts: Facts }) {
  const answer = useEvents(facts.namespace, facts.name);
  return <Answer of={answer}>{({ items }) => <Story items={items} />}</Answer>;
}
