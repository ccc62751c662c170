/**
 * Parallel coordinates (Inselberg, 1985): an axis for each parameter and metric, a line for each trial, in the
 * colour of its objective. Drag along an axis to keep only the trials that cross it there.
 *
 * One canvas for the pale lines of all trials, one for the chosen; lines of a colour are one path, so ten
 * thousand trials are some thirty strokes.
 */
import { useMemo, useRef, useState } from "react";
import type { Experiment, Trials } from "../api/types";
import { better, evenly } from "../facts/best";
import { useT } from "../i18n";
import { Text } from "../parts/Text";
import { link } from "../route";
import { number } from "../text/number";
import { clip } from "../text/shown";
import { type Choice, metricAxes, parameterAxes } from "./axes";
import { type Ranges, within } from "./brush";
import { useDrawing, useWidth } from "./canvas";
import { bucket, RAMP, STEPS } from "./colours";
import { extent } from "./scales";

/** More lines than this are too many for the eye as well: an even choice is drawn, and that is said. */
const MOST = 10_000;
const TALL = 380;
const TOP = 44;
const FOOT = 22;
const SIDE = 70;

export function Parallel({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const [holder, width] = useWidth<HTMLDivElement>();
  const pale = useRef<HTMLCanvasElement>(null);
  const bright = useRef<HTMLCanvasElement>(null);
  const [ranges, setRanges] = useState<Ranges>({});
  const [left, setLeft] = useState<Set<string>>(new Set());
  const all = useMemo(
    () => [...parameterAxes(facts, trials), ...metricAxes(facts, trials)],
    [facts, trials],
  );
  const axes = useMemo(() => all.filter((axis) => !left.has(axis.id)), [all, left]);
  const places = useMemo(
    () => Object.fromEntries(all.map((axis) => [axis.id, axis.values.map(axis.scale.place)])),
    [all],
  );
  const usable = useMemo(() => {
    const rows: number[] = [];
    trials.objective.forEach((value, i) => value !== null && rows.push(i));
    return evenly(rows.length, MOST).map((i) => rows[i] as number);
  }, [trials]);
  const measured = trials.objective.reduce<number>((n, v) => n + (v === null ? 0 : 1), 0);
  const colours = useMemo(() => {
    const [low, high] = extent(trials.objective);
    const up = facts.objective.type === "maximize";
    return trials.objective.map((value) => {
      if (value === null || high === low) return STEPS >> 1;
      const place = (value - low) / (high - low);
      return bucket(up ? place : 1 - place);
    });
  }, [trials, facts.objective.type]);
  const chosen = useMemo(() => {
    const inside = new Set(within(places, ranges, trials.rows));
    return usable.filter((row) => inside.has(row));
  }, [places, ranges, usable, trials.rows]);

  // Many axes get room by scrolling rather than by crowding.
  const wide = Math.max(width, axes.length * 92 + 2 * SIDE);
  const xs = axes.map((_, i) => SIDE + (i * (wide - 2 * SIDE)) / Math.max(1, axes.length - 1));
  const yOf = (place: number) => TOP + (1 - place) * (TALL - TOP - FOOT);

  function strokes(ctx: CanvasRenderingContext2D, rows: number[]) {
    for (const row of rows) {
      let pen = false;
      for (let i = 0; i < axes.length; i += 1) {
        const place = places[axes[i]!.id]?.[row];
        if (place == null) pen = false;
        else if (pen) ctx.lineTo(xs[i]!, yOf(place));
        else {
          ctx.moveTo(xs[i]!, yOf(place));
          pen = true;
        }
      }
    }
  }

  const some = Object.keys(ranges).length > 0;
  useDrawing(
    pale,
    wide,
    TALL,
    (ctx, ink) => {
      if (some) {
        ctx.strokeStyle = ink.grid;
        ctx.beginPath();
        strokes(ctx, usable);
        ctx.stroke();
      }
    },
    [axes, places, usable, wide, some],
  );
  useDrawing(
    bright,
    wide,
    TALL,
    (ctx, ink) => {
      const groups: number[][] = Array.from({ length: STEPS }, () => []);
      for (const row of chosen) groups[colours[row] ?? 0]!.push(row);
      ctx.globalAlpha = chosen.length > 2000 ? 0.5 : chosen.length > 200 ? 0.7 : 0.9;
      ctx.lineWidth = chosen.length > 500 ? 1 : 1.4;
      groups.forEach((rows, i) => {
        if (rows.length === 0) return;
        ctx.strokeStyle = RAMP[i] as string;
        ctx.beginPath();
        strokes(ctx, rows);
        ctx.stroke();
      });
      ctx.globalAlpha = 1;
      axes.forEach((axis, i) => drawAxis(ctx, ink, axis, xs[i]!, yOf));
    },
    [axes, places, chosen, colours, wide],
  );

  const best = [...chosen]
    .sort((a, b) =>
      better(trials.objective[a] as number, trials.objective[b] as number, facts.objective.type)
        ? -1
        : 1,
    )
    .slice(0, 5);
  const said = t("parallel.said", { n: chosen.length, of: usable.length });

  if (usable.length === 0) return <p className="faint">{t("history.none")}</p>;
  return (
    <>
      <div className="row">
        <p role="status">
          {said} {measured > usable.length && t("thinned", { n: usable.length, of: measured })}
        </p>
        <span className="space" />
        {some && (
          <button type="button" className="small" onClick={() => setRanges({})}>
            {t("brush.clear")}
          </button>
        )}
        <details className="menu">
          <summary className="button small">{t("axes")}</summary>
          <fieldset>
            <legend className="off-screen">{t("axes")}</legend>
            {all.map((axis) => (
              <label key={axis.id} className="check">
                <input
                  type="checkbox"
                  checked={!left.has(axis.id)}
                  onChange={() => {
                    const next = new Set(left);
                    if (!next.delete(axis.id)) next.add(axis.id);
                    setLeft(next);
                  }}
                />
                <Text value={axis.label} most={40} />
              </label>
            ))}
          </fieldset>
        </details>
      </div>
      <div className="scroll-x" ref={holder}>
        <div className="parallel" style={{ width: wide, height: TALL }}>
          <canvas ref={pale} />
          <canvas ref={bright} role="img" aria-label={said} />
          {width > 0 &&
            axes.map((axis, i) => (
              <Brush
                key={axis.id}
                label={axis.label}
                x={xs[i]!}
                range={ranges[axis.id]}
                tell={(place) => valueText(axis, place)}
                onChange={(range) => {
                  const next = { ...ranges };
                  if (range) next[axis.id] = range;
                  else delete next[axis.id];
                  setRanges(next);
                }}
              />
            ))}
        </div>
      </div>
      <Ramp facts={facts} trials={trials} />
      <p className="faint">{t("brush.how")}</p>
      <h3>{t("parallel.best")}</h3>
      <ol className="plain">
        {best.map((row) => (
          <li key={row}>
            <a href={link("trial", facts.namespace, facts.name, trials.name[row] ?? "")}>
              <Text value={trials.name[row] ?? ""} most={60} />
            </a>{" "}
            <span className="num">{number(trials.objective[row])}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function valueText(axis: Choice, place: number): string {
  const value = axis.scale.value(place);
  return typeof value === "number" ? number(value, 3) : (value ?? "–");
}

function drawAxis(
  ctx: CanvasRenderingContext2D,
  ink: { text: string; faint: string; ground: string },
  axis: Choice,
  x: number,
  yOf: (place: number) => number,
): void {
  ctx.strokeStyle = ink.faint;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x, yOf(1));
  ctx.lineTo(x, yOf(0));
  ctx.stroke();
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const tick of axis.scale.ticks(6)) {
    const y = yOf(tick.at);
    const label = clip(tick.label, 10);
    // A halo in the ground's colour keeps labels legible above ten thousand lines.
    ctx.strokeStyle = ink.ground;
    ctx.lineWidth = 3;
    ctx.lineJoin = "round";
    ctx.strokeText(label, x + 5, y);
    ctx.fillStyle = ink.text;
    ctx.fillText(label, x + 5, y);
    ctx.fillRect(x - 2, y - 0.5, 4, 1);
  }
  ctx.textAlign = "center";
  ctx.fillStyle = ink.text;
  ctx.font = "600 12px system-ui, sans-serif";
  ctx.fillText(clip(axis.label, 14), x, 16);
  ctx.font = "11.5px system-ui, sans-serif";
}

function Brush({
  label,
  x,
  range,
  tell,
  onChange,
}: {
  label: string;
  x: number;
  range: [number, number] | undefined;
  tell: (place: number) => string;
  onChange: (range: [number, number] | null) => void;
}) {
  const t = useT();
  const [start, setStart] = useState<number | null>(null);
  const span = TALL - TOP - FOOT;
  const place = (event: React.PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, 1 - (event.clientY - box.top) / span));
  };
  const [low, high] = range ?? [0, 1];

  /** Up and down move the lower end, with Shift the upper; Escape takes the range away. */
  function key(event: React.KeyboardEvent) {
    if (event.key === "Escape") onChange(null);
    const step = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
    if (!step) return;
    event.preventDefault();
    const keep = (p: number, from: number, to: number) => Math.min(to, Math.max(from, p));
    onChange(event.shiftKey ? [low, keep(high + step, low, 1)] : [keep(low + step, 0, high), high]);
  }

  return (
    <div
      className="brush"
      role="slider"
      tabIndex={0}
      aria-label={t("brush.axis", { axis: clip(label, 60) })}
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(low * 100)}
      aria-valuetext={range ? `${tell(low)} … ${tell(high)}` : t("brush.none")}
      style={{ left: x - 14, top: TOP, height: span }}
      onKeyDown={key}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setStart(place(event));
      }}
      onPointerMove={(event) => {
        if (start === null) return;
        const now = place(event);
        if (Math.abs(now - start) > 0.01) onChange([Math.min(start, now), Math.max(start, now)]);
      }}
      onPointerUp={(event) => {
        if (start !== null && Math.abs(place(event) - start) <= 0.01) onChange(null);
        setStart(null);
      }}
    >
      {range && (
        <>
          <div className="range" style={{ top: (1 - high) * span, height: (high - low) * span }} />
          <span className="bound" style={{ top: (1 - high) * span - 16 }}>
            {clip(tell(high), 12)}
          </span>
          <span className="bound" style={{ top: (1 - low) * span + 2 }}>
            {clip(tell(low), 12)}
          </span>
        </>
      )}
    </div>
  );
}

/** What the colours mean. */
export function Ramp({ facts, trials }: { facts: Experiment; trials: Trials }) {
  const t = useT();
  const [low, high] = extent(trials.objective);
  const up = facts.objective.type === "maximize";
  return (
    <p className="legend">
      <span>
        {t("colour.is")}: <Text value={facts.objective.metric} most={40} />
      </span>
      <span className="num">{number(up ? low : high, 4)}</span>
      <span className="ramp" aria-hidden="true">
        {RAMP.map((colour) => (
          <i key={colour} style={{ background: colour }} />
        ))}
      </span>
      <span className="num">
        {number(up ? high : low, 4)} ({t("best")})
      </span>
    </p>
  );
}
