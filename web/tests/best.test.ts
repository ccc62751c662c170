import { describe, expect, it } from "vitest";
import { bestAt, bestSoFar, counted, evenly, lanes, paretoFront } from "../src/facts/best";

describe("the best so far", () => {
  it("never gets worse, in the direction of the objective, and is null before the first value", () => {
    expect(bestSoFar([null, 1, 3, 2, null, 4], "maximize")).toEqual([null, 1, 3, 3, 3, 4]);
    expect(bestSoFar([3, null, 1, 2], "minimize")).toEqual([3, 3, 1, 1]);
  });
  it("is looked for among trials that succeeded or were stopped early only", () => {
    const type = ["Succeeded", "Failed", "EarlyStopped", "Killed", "Running"];
    expect(counted({ objective: [1, 9, 2, 9, 9], type })).toEqual([1, null, 2, null, null]);
  });
  it("is the earlier of two equals", () => {
    expect(bestAt([1, 5, 5, null], "maximize")).toBe(1);
    expect(bestAt([null, null], "minimize")).toBe(-1);
  });
});

describe("the Pareto front", () => {
  it("holds what no other point beats in both directions, by rising x", () => {
    const x = [0.9, 0.8, 0.7, 0.95, null];
    const y = [0.3, 0.2, 0.4, 0.5, 0.1];
    expect(paretoFront(x, y, ["maximize", "minimize"])).toEqual([1, 0, 3]);
  });
  it("agrees with the definition, tried on every pair", () => {
    let seed = 3;
    const chance = () => {
      seed = (seed * 16807) % 2147483647;
      return seed / 2147483647;
    };
    const x = Array.from({ length: 200 }, chance);
    const y = Array.from({ length: 200 }, chance);
    const dominated = (i: number) =>
      x.some(
        (_, k) => k !== i && x[k]! >= x[i]! && y[k]! <= y[i]! && (x[k]! > x[i]! || y[k]! < y[i]!),
      );
    const expected = x.flatMap((_, i) => (dominated(i) ? [] : [i]));
    expect([...paretoFront(x, y, ["maximize", "minimize"])].sort((a, b) => a - b)).toEqual(
      expected,
    );
  });
});

describe("lanes", () => {
  it("never hold two spans that overlap, and are as few as ran at once", () => {
    const spans: [number, number][] = [
      [0, 5],
      [1, 3],
      [3, 6],
      [5, 7],
      [5, 8],
    ];
    const lane = lanes(spans);
    spans.forEach(([a, b], i) =>
      spans.forEach(([c, d], k) => {
        if (i < k && lane[i] === lane[k]) expect(b <= c || d <= a).toBe(true);
      }),
    );
    expect(Math.max(...lane) + 1).toBe(3);
  });
});

describe("an even choice", () => {
  it("keeps the first and the last, and all of what is few", () => {
    expect(evenly(3, 5)).toEqual([0, 1, 2]);
    const some = evenly(10_000, 100);
    expect([some.length, some[0], some.at(-1), new Set(some).size]).toEqual([100, 0, 9999, 100]);
  });
});
