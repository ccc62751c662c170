/** Which trials lie in all the ranges the reader has drawn. Places between 0 and 1. */

export type Ranges = Record<string, [number, number]>;

/** Rows whose place on every brushed axis lies within its range; without ranges, all of them. */
export function within(
  places: Record<string, (number | null)[]>,
  ranges: Ranges,
  rows: number,
): number[] {
  const tests = Object.entries(ranges)
    .filter(([id]) => places[id])
    .map(([id, [low, high]]) => ({ at: places[id] as (number | null)[], low, high }));
  const chosen: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const fits = tests.every(({ at, low, high }) => {
      const place = at[row];
      return place != null && place >= low && place <= high;
    });
    if (fits) chosen.push(row);
  }
  return chosen;
}
