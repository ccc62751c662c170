/** Numbers and times in few characters. Absent is an en dash. */

export const NONE = "–";

/** Six significant digits, as Katib shows them; 1e-7 rather than 0.0000001. */
export function number(value: number | null | undefined, digits = 6): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-4) {
    return value
      .toExponential(digits - 1)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  }
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(digits)));
}

/** A parameter's text as a number, or null when it is none. */
export function numeric(text: string | number | null | undefined): number | null {
  if (text === null || text === undefined || text === "") return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** Seconds as "4s", "3m 12s", "5h 10m", "2d 4h". Below zero counts as zero: clocks differ. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return NONE;
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s}s`;
  if (s < 3600) return two(Math.floor(s / 60), "m", s % 60, "s");
  if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "m");
  return two(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
}

function two(a: number, unit: string, b: number, small: string): string {
  return b === 0 ? `${a}${unit}` : `${a}${unit} ${b}${small}`;
}

/** Milliseconds since 1970 of an RFC 3339 time, or null. */
export function moment(time: string | null | undefined): number | null {
  if (!time) return null;
  const value = Date.parse(time);
  return Number.isNaN(value) ? null : value;
}

/** Seconds from one time to another; to `now` (ms) when it has not ended. */
export function between(from: string | null, to: string | null, now: number): number | null {
  const start = moment(from);
  if (start === null) return null;
  return ((moment(to) ?? now) - start) / 1000;
}

/** In the reader's own zone, to the second. */
export function clock(time: string | null | undefined): string {
  const value = moment(time);
  if (value === null) return NONE;
  const d = new Date(value);
  const p = (n: number) => String(n).padStart(2, "0");
  return (
    `${d.getFullYear()}-${p(d.getMonth() + 1)}-${p(d.getDate())} ` +
    `${p(d.getHours())}:${p(d.getMinutes())}:${p(d.getSeconds())}`
  );
}
