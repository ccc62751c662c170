/** Colours that keep their order for every eye: dark to light blue-green-yellow, in 32 steps. */

export const STEPS = 32;

/** Anchors after viridis (van der Walt and Smith, 2015), between which we mix. */
const ANCHORS = [
  [68, 1, 84],
  [65, 68, 135],
  [42, 120, 142],
  [34, 168, 132],
  [122, 209, 81],
  [253, 231, 37],
] as const;

export const RAMP: string[] = Array.from({ length: STEPS }, (_, i) => {
  const x = (i / (STEPS - 1)) * (ANCHORS.length - 1);
  const k = Math.min(ANCHORS.length - 2, Math.floor(x));
  const [a, b] = [ANCHORS[k]!, ANCHORS[k + 1]!];
  const mixed = a.map((from, c) => Math.round(from + (b[c]! - from) * (x - k)));
  return `rgb(${mixed.join(",")})`;
});

/** Which of the 32, for a place between 0 and 1. */
export function bucket(place: number): number {
  return Math.min(STEPS - 1, Math.max(0, Math.floor(place * STEPS)));
}

/** Ten lines told apart, in light and in dark. */
export const LINES = [
  "#3b7dd8",
  "#d9822b",
  "#2f9e63",
  "#c64f5c",
  "#8a63c9",
  "#8d6e53",
  "#d669b0",
  "#6b7785",
  "#a3a326",
  "#27a3b5",
];

export function stateColour(type: string): string {
  switch (type) {
    case "Succeeded":
      return "#2f9e63";
    case "Failed":
      return "#d0464f";
    case "EarlyStopped":
      return "#d9822b";
    case "Running":
      return "#3b7dd8";
    case "MetricsUnavailable":
      return "#8a63c9";
    default:
      return "#7b8794";
  }
}
