/** The tab of plots; each is an address of its own. */
import type { Experiment, Trials } from "../../api/types";
import { useT } from "../../i18n";
import { Tabs } from "../../parts/Tabs";
import { Contour } from "../../plots/Contour";
import { CurvesPlot } from "../../plots/CurvesPlot";
import { Importance } from "../../plots/Importance";
import { Parallel } from "../../plots/Parallel";
import { Pareto } from "../../plots/Pareto";
import { Slice } from "../../plots/Slice";
import { Timeline } from "../../plots/Timeline";
import { link } from "../../route";

const PLOTS = [
  "parallel",
  "slice",
  "contour",
  "importance",
  "curves",
  "pareto",
  "timeline",
] as const;

export default function Plots({
  facts,
  trials,
  plot,
}: {
  facts: Experiment;
  trials: Trials;
  plot: string;
}) {
  const t = useT();
  const tabs = PLOTS.map((id) => ({
    id,
    label: t(`plot.${id}`),
    href: link("experiment", facts.namespace, facts.name, "plots", id),
  }));
  const given = { facts, trials };
  return (
    <>
      <Tabs tabs={tabs} now={plot} label={t("tab.plots")} />
      <div className="plot">
        {plot === "parallel" && <Parallel {...given} />}
        {plot === "slice" && <Slice {...given} />}
        {plot === "contour" && <Contour {...given} />}
        {plot === "importance" && <Importance facts={facts} />}
        {plot === "curves" && <CurvesPlot {...given} />}
        {plot === "pareto" && <Pareto {...given} />}
        {plot === "timeline" && <Timeline {...given} />}
      </div>
    </>
  );
}
