import { type Key, useT } from "../i18n";
import { clip } from "../text/shown";

const KNOWN = new Set([
  "Created",
  "Pending",
  "Running",
  "Restarting",
  "Suspended",
  "Succeeded",
  "Failed",
  "EarlyStopped",
  "Killed",
  "MetricsUnavailable",
]);
const SIGNS: Record<string, string> = {
  Running: "●",
  Restarting: "↻",
  Suspended: "❚❚",
  Succeeded: "✓",
  Failed: "✕",
  EarlyStopped: "◆",
  Killed: "■",
  MetricsUnavailable: "?",
};

/** Never by colour alone: a sign and the word stand beside it. */
export function Status({ type, title }: { type: string; title?: string }) {
  const t = useT();
  const known = KNOWN.has(type);
  return (
    <span
      className={`status ${known ? type : "Created"}`}
      title={title ? clip(title, 500) : undefined}
    >
      <span aria-hidden="true">{SIGNS[type] ?? "○"}</span>{" "}
      {known ? t(`state.${type}` as Key) : clip(type, 40)}
    </span>
  );
}
