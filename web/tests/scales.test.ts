import { describe, expect, it } from "vitest";
import { surface } from "../src/facts/surface";
import { within } from "../src/plots/brush";
import { choices, elapsed, extent, linear, log, type Scale, scaleOf } from "../src/plots/scales";

const SCALES: Record<string, Scale> = {
  "a linear scale": linear(-3, 12),
  "a logarithmic scale over decades": log(1e-4, 1e2),
  "a logarithmic scale within a decade": log(2, 7),
  "a scale of one point": linear(5, 5),
  "a scale of time": elapsed(5_400_000),
};

describe.each(Object.entries(SCALES))("%s", (_name, scale) => {
  it("takes a place to a value and back", () => {
    for (const place of [0, 0.25, 0.5, 1]) {
      expect(scale.place(scale.value(place))).toBeCloseTo(place, 9);
    }
  });
  it("has at least two marks, within it, rising, each with a label of its own", () => {
    const ticks = scale.ticks(6);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.every((tick) => tick.at > -0.001 && tick.at < 1.001)).toBe(true);
    expect(ticks.map((tick) => tick.at)).toEqual(
      ticks.map((tick) => tick.at).sort((a, b) => a - b),
    );
    expect(new Set(ticks.map((tick) => tick.label)).size).toBe(ticks.length);
  });
});

it("a scale of whole numbers has no mark between them", () => {
  expect(
    linear(0.9, 3.1, true)
      .ticks(10)
      .map((tick) => tick.label),
  ).toEqual(["1", "2", "3"]);
});

describe("choices", () => {
  it("stand in the middle of bands of their own", () => {
    const scale = choices(["a", "b"]);
    expect(["a", "b", "c", null].map(scale.place)).toEqual([0.25, 0.75, null, null]);
    expect([scale.value(0.1), scale.value(0.9)]).toEqual(["a", "b"]);
  });
});

describe("a parameter's scale", () => {
  const parameter = (given: object) => ({
    name: "x",
    type: "double",
    min: null,
    max: null,
    step: null,
    list: null,
    distribution: null,
    ...given,
  });
  it("is the one it was drawn from", () => {
    expect(
      scaleOf(parameter({ min: "1e-4", max: "1", distribution: "logUniform" }), ["0.1"]).kind,
    ).toBe("log");
    expect(scaleOf(parameter({ min: "0", max: "1" }), ["0.1"]).kind).toBe("linear");
    expect(scaleOf(parameter({ type: "categorical", list: ["1", "2"] }), ["1"]).kind).toBe(
      "choice",
    );
    expect(scaleOf(parameter({ type: "discrete", list: ["1", "2"] }), ["1"]).kind).toBe("linear");
  });
  it("is one of choices where a value is no number", () => {
    expect(scaleOf(undefined, ["relu", "1"]).kind).toBe("choice");
  });
});

it("the extent of 200,000 values is found, and that of nothing is 0 to 1", () => {
  expect(extent(Array.from({ length: 200_000 }, (_, i) => i))).toEqual([0, 199_999]);
  expect(extent([null, Number.NaN])).toEqual([0, 1]);
});

describe("brushing", () => {
  const places = { a: [0, 0.5, 1, null], b: [1, 1, 0, 1] };
  it("keeps the rows that lie in all ranges", () => {
    expect(within(places, { a: [0.4, 1], b: [0.5, 1] }, 4)).toEqual([1]);
  });
  it("keeps all rows without a range, and none without a value on a brushed axis", () => {
    expect(within(places, {}, 4)).toEqual([0, 1, 2, 3]);
    expect(within(places, { a: [0, 1] }, 4)).toEqual([0, 1, 2]);
  });
});

describe("the guessed surface", () => {
  it("passes through what was measured and stays within it", () => {
    const cells = surface([0.05, 0.95], [0.05, 0.95], [1, 3], 10, {}, 2);
    expect(cells[0]).toBeCloseTo(1, 3);
    expect(cells.at(-1)).toBeCloseTo(3, 3);
    expect(cells.every((cell) => cell !== null && cell >= 1 && cell <= 3)).toBe(true);
  });
  it("is empty where nothing is near, and never mixes two choices", () => {
    expect(surface([0.05], [0.05], [1], 10).at(-1)).toBeNull();
    const cells = surface([0.25, 0.75], [0.5, 0.5], [1, 3], 10, { x: 2 }, 2);
    expect(new Set(cells)).toEqual(new Set([1, 3]));
  });
});
