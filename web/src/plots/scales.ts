/**
 * From a value to a place between 0 and 1, and back. Linear, logarithmic, or one place for each choice.
 * Knows no pixels and no canvas.
 */
import type { Parameter } from "../api/types";
import { number, numeric } from "../text/number";

export type Value = string | number | null;
export type Tick = { at: number; label: string };
export type Scale = {
  kind: "linear" | "log" | "choice" | "time";
  /** 0..1, or null when the value has no place here. */
  place: (value: Value) => number | null;
  /** The value at a place; for choices the nearest. */
  value: (place: number) => Value;
  /** About `count` marks, with labels that tell them apart. */
  ticks: (count: number) => Tick[];
};

/** With `whole`, marks stand at whole numbers only: there is no trial 1.5. */
export function linear(low: number, high: number, whole = false): Scale {
  const [a, b] =
    low === high ? [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2] : [low, high];
  return {
    kind: "linear",
    place: (v) => {
      const n = numeric(v);
      return n === null ? null : (n - a) / (b - a);
    },
    value: (p) => a + p * (b - a),
    ticks: (count) => {
      const rough = niceStep((b - a) / Math.max(1, count));
      const step = whole ? Math.max(1, rough) : rough;
      const first = Math.ceil(a / step - 1e-9);
      const last = Math.floor(b / step + 1e-9);
      const marks: Tick[] = [];
      for (let i = first; i <= last; i += 1) {
        const v = Number((i * step).toPrecision(12));
        marks.push({ at: (v - a) / (b - a), label: number(v) });
      }
      return marks;
    },
  };
}

/** 1, 2 or 5 times a power of ten, at least `rough`. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const rest = rough / power;
  return (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10) * power;
}

/** Both ends above zero, else `linear`. */
export function log(low: number, high: number): Scale {
  if (!(low > 0) || !(high > low)) return linear(low, high);
  const [a, b] = [Math.log10(low), Math.log10(high)];
  return {
    kind: "log",
    place: (v) => {
      const n = numeric(v);
      return n === null || n <= 0 ? null : (Math.log10(n) - a) / (b - a);
    },
    value: (p) => 10 ** (a + p * (b - a)),
    ticks: (count) => {
      const decades = b - a;
      const factors = decades * 3 <= count ? [1, 2, 5] : [1];
      const every = Math.max(1, Math.ceil(decades / Math.max(1, count)));
      const marks: Tick[] = [];
      for (let e = Math.floor(a); e <= Math.ceil(b); e += 1) {
        if (e % every !== 0) continue;
        for (const factor of factors) {
          const at = (e + Math.log10(factor) - a) / (b - a);
          if (at >= -1e-9 && at <= 1 + 1e-9) marks.push({ at, label: number(factor * 10 ** e, 3) });
        }
      }
      return marks.length > 1
        ? marks
        : linear(low, high)
            .ticks(count)
            .map((t) => ({
              ...t,
              at: (Math.log10(Number(t.label)) - a) / (b - a),
            }));
    },
  };
}

/** Each choice has a band of its own and stands in the middle of it. */
export function choices(names: string[]): Scale {
  const count = names.length;
  const where = new Map(names.map((name, i) => [name, (i + 0.5) / count]));
  return {
    kind: "choice",
    place: (v) => (v === null ? null : (where.get(String(v)) ?? null)),
    value: (p) => names[Math.min(count - 1, Math.max(0, Math.floor(p * count)))] ?? null,
    ticks: (most) => {
      const every = Math.max(1, Math.ceil(count / Math.max(1, most)));
      return names
        .filter((_, i) => i % every === 0)
        .map((label) => ({ at: where.get(label) as number, label }));
    },
  };
}

/** Milliseconds since `origin`, told as time passed: 30s, 5m, 2h. */
export function elapsed(highMs: number): Scale {
  const units: [number, string][] = [
    [1000, "s"],
    [60_000, "m"],
    [3_600_000, "h"],
    [86_400_000, "d"],
  ];
  const high = Math.max(1, highMs);
  const [unit, letter] = units.findLast(([ms]) => high >= 2 * ms) ?? units[0]!;
  const inner = linear(0, high / unit);
  return {
    kind: "time",
    place: (v) => inner.place((numeric(v) ?? Number.NaN) / unit),
    value: (p) => (inner.value(p) as number) * unit,
    ticks: (count) =>
      inner.ticks(count).map((tick) => ({ ...tick, label: `${tick.label}${letter}` })),
  };
}

/** The least and the greatest, or [0, 1] of nothing. Loops, for a spread of 10⁵ arguments would not do. */
export function extent(values: Iterable<number | null | undefined>): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** The scale a parameter was drawn from, wide enough for the values there are. */
export function scaleOf(parameter: Parameter | undefined, values: (string | null)[]): Scale {
  const numbers = values.map(numeric);
  const listed = parameter?.list?.map(String);
  if (listed && parameter?.type !== "discrete") return choices(listed);
  if (values.some((v, i) => v !== null && numbers[i] === null)) {
    return choices(listed ?? [...new Set(values.filter((v) => v !== null))].sort());
  }
  const bounds = [numeric(parameter?.min), numeric(parameter?.max), ...(listed ?? []).map(numeric)];
  const [low, high] = extent([...bounds, ...numbers]);
  return /^log/i.test(parameter?.distribution ?? "") ? log(low, high) : linear(low, high);
}

/** A little air at both ends, so that the extremes do not lie on the frame. */
export function roomy(low: number, high: number, part = 0.04): [number, number] {
  const air = (high - low) * part || Math.abs(high) * part || 0.5;
  return [low - air, high + air];
}
