/** What is best, and since when. */
import type { Goal, Trials } from "../api/types";

export type Type = Goal["type"];

export function better(a: number, b: number, type: Type): boolean {
  return type === "maximize" ? a > b : a < b;
}

/** The best up to and including each place; null before the first value. */
export function bestSoFar(values: (number | null)[], type: Type): (number | null)[] {
  let best: number | null = null;
  return values.map((value) => {
    if (value !== null && (best === null || better(value, best, type))) best = value;
    return best;
  });
}

/** The objective of the trials that take part in the search for the best; null for the others. */
export function counted({
  objective,
  type,
}: Pick<Trials, "objective" | "type">): (number | null)[] {
  return objective.map((value, i) =>
    type[i] === "Succeeded" || type[i] === "EarlyStopped" ? value : null,
  );
}

/** Where the best stands; the earlier one of two equals; -1 when there is none. */
export function bestAt(values: (number | null)[], type: Type): number {
  let at = -1;
  values.forEach((value, i) => {
    if (value === null) return;
    if (at < 0 || better(value, values[at] as number, type)) at = i;
  });
  return at;
}

/** Places of the points that no other point beats in both directions at once, by rising x. O(n log n). */
export function paretoFront(
  x: (number | null)[],
  y: (number | null)[],
  types: [Type, Type],
): number[] {
  const [sx, sy] = types.map((type) => (type === "minimize" ? 1 : -1)) as [number, number];
  const points: [number, number, number][] = [];
  x.forEach((value, i) => {
    const other = y[i];
    if (value !== null && other !== null && other !== undefined)
      points.push([value * sx, other * sy, i]);
  });
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  let least = Number.POSITIVE_INFINITY;
  const front: number[] = [];
  for (const [, value, i] of points) {
    if (value >= least) continue;
    least = value;
    front.push(i);
  }
  return sx > 0 ? front : front.reverse();
}

/** Lanes so that no two spans of a lane overlap, in the order they began: lane of each span. */
export function lanes(spans: [from: number, to: number][]): number[] {
  const ends: number[] = [];
  const order = spans.map((_, i) => i).sort((a, b) => spans[a]![0] - spans[b]![0] || a - b);
  const lane = new Array<number>(spans.length).fill(0);
  for (const i of order) {
    const [from, to] = spans[i]!;
    let free = ends.findIndex((end) => end <= from);
    if (free < 0) free = ends.push(0) - 1;
    ends[free] = to;
    lane[i] = free;
  }
  return lane;
}

/** At most `most` of `count` places, evenly, always with the first and the last. */
export function evenly(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1)));
}
