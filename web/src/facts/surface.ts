/** A guess at the objective between the points where it was measured. */

/**
 * Inverse distance weighting (Shepard, 1968) with power 4 on a grid of `side` × `side` cells, row by row from
 * below. A cell far from every point (further than `reach` of the frame) is null: there we know nothing.
 * Between choices nothing can be guessed, so along such an axis (`bands` of them) only points of the cell's
 * own band count.
 *
 * O(side² · n).
 */
export function surface(
  x: (number | null)[],
  y: (number | null)[],
  z: (number | null)[],
  side: number,
  bands: { x?: number; y?: number } = {},
  reach = 0.25,
): (number | null)[] {
  const points: [number, number, number][] = [];
  x.forEach((a, i) => {
    const [b, c] = [y[i], z[i]];
    if (a !== null && b != null && c != null) points.push([a, b, c]);
  });
  const cells: (number | null)[] = [];
  for (let j = 0; j < side; j += 1) {
    for (let i = 0; i < side; i += 1) {
      const px = banded((i + 0.5) / side, bands.x);
      const py = banded((j + 0.5) / side, bands.y);
      let [sum, weight, nearest] = [0, 0, Number.POSITIVE_INFINITY];
      for (const [a, b, c] of points) {
        if (bands.x && Math.abs(a - px) > 0.5 / bands.x) continue;
        if (bands.y && Math.abs(b - py) > 0.5 / bands.y) continue;
        const far = (a - px) ** 2 + (b - py) ** 2;
        if (far < nearest) nearest = far;
        const w = 1 / (far * far + 1e-9);
        sum += w * c;
        weight += w;
      }
      cells.push(nearest <= reach * reach ? sum / weight : null);
    }
  }
  return cells;
}

/** The middle of the band a place lies in; the place itself where there are no bands. */
function banded(place: number, bands: number | undefined): number {
  return bands ? (Math.floor(place * bands) + 0.5) / bands : place;
}
