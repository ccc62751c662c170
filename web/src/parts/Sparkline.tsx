import { extent } from "../plots/scales";

/** The best so far, as a line the height of a word. Decoration: its end stands beside it as a number. */
export function Sparkline({ values }: { values: (number | null)[] }) {
  const [low, high] = extent(values);
  const span = high - low || 1;
  const points = values
    .map((value, i) =>
      value === null
        ? null
        : `${((i / Math.max(1, values.length - 1)) * 78 + 1).toFixed(1)},${(19 - ((value - low) / span) * 16).toFixed(1)}`,
    )
    .filter(Boolean);
  return (
    <svg className="spark" width="80" height="22" aria-hidden="true" focusable="false">
      {points.length === 1 && <circle cx="40" cy="11" r="2" />}
      {points.length > 1 && <polyline points={points.join(" ")} />}
    </svg>
  );
}
