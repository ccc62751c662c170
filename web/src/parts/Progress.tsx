import type { Counts } from "../api/types";
import { useT } from "../i18n";

/** Trials by how they stand, as parts of the budget. */
export function Progress({ counts, most }: { counts: Counts; most: number | null }) {
  const t = useT();
  const whole = Math.max(most ?? counts.total, counts.total, 1);
  const other = counts.killed + counts.metricsUnavailable;
  const done = counts.succeeded + counts.earlyStopped + counts.failed + other;
  const parts: [string, number][] = [
    ["Succeeded", counts.succeeded],
    ["EarlyStopped", counts.earlyStopped],
    ["Failed", counts.failed],
    ["Killed", other],
    ["Running", counts.running],
  ];
  const said = t("progress", {
    done,
    most: most ?? "∞",
    running: counts.running,
    failed: counts.failed,
    stopped: counts.earlyStopped,
  });
  return (
    <div className="progress" title={said}>
      <div className="bar" role="img" aria-label={said}>
        {parts.map(
          ([type, n]) =>
            n > 0 && (
              <span key={type} className={type} style={{ width: `${(100 * n) / whole}%` }} />
            ),
        )}
      </div>
      <span className="num" aria-hidden="true">
        {done}/{most ?? "∞"}
      </span>
    </div>
  );
}
