/**
 * The one chart: a frame with two axes and layers of marks on a canvas. Hover or arrow keys tell what a mark
 * is, a click or Enter opens it, dragging zooms, a double click or Escape shows everything again.
 */
import { type ReactNode, useMemo, useRef, useState } from "react";
import { useT } from "../i18n";
import { clip } from "../text/shown";
import { type Ink, useDrawing, useWidth } from "./canvas";
import {
  type Area,
  type Hit,
  hit,
  type Layer,
  mapping,
  paint,
  stops,
  type View,
  WHOLE,
} from "./layers";
import type { Scale, Tick } from "./scales";

export type Axis = { scale: Scale; title: string };
type Props = {
  /** What a screen reader says of the picture: a sentence with its main fact. */
  label: string;
  x: Axis;
  y: Axis;
  layers: Layer[];
  height?: number;
  tip?: (key: number) => ReactNode;
  onPick?: (key: number) => void;
};

export function Chart({ label, x, y, layers, height = 300, tip, onPick }: Props) {
  const t = useT();
  const [holder, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<View>(WHOLE);
  const [at, setAt] = useState<Hit | null>(null);
  const [drag, setDrag] = useState<[number, number, number, number] | null>(null);
  const area: Area = useMemo(() => {
    const labels = visible(y.scale, view.y0, view.y1, height / 45).map((tick) => tick.label.length);
    const left = Math.min(110, 22 + 7 * Math.max(2, ...labels));
    return { left, top: 8, width: Math.max(10, width - left - 12), height: height - 46 };
  }, [width, height, y.scale, view]);
  const to = mapping(area, view);

  useDrawing(
    canvas,
    width,
    height,
    (ctx, ink) => {
      frame(ctx, ink, area, view, x, y, height);
      ctx.save();
      ctx.beginPath();
      ctx.rect(area.left - 4, area.top - 4, area.width + 8, area.height + 8);
      ctx.clip();
      for (const layer of layers) paint(ctx, layer, to);
      ctx.restore();
    },
    [layers, view, x.scale, y.scale, x.title, y.title, area],
  );

  const zoomed = view !== WHOLE;
  const where = (event: React.PointerEvent): [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  function move(event: React.PointerEvent) {
    const [px, py] = where(event);
    if (drag) setDrag([drag[0], drag[1], px, py]);
    else setAt(tip ? hit(layers, to, px, py) : null);
  }

  function release() {
    if (!drag) return;
    setDrag(null);
    const [ax, ay, bx, by] = drag;
    if (Math.abs(ax - bx) < 8 || Math.abs(ay - by) < 8) {
      const found = hit(layers, to, ax, ay);
      if (found) onPick?.(found.key);
      return;
    }
    const px = (p: number) => view.x0 + ((p - area.left) / area.width) * (view.x1 - view.x0);
    const py = (p: number) => view.y1 - ((p - area.top) / area.height) * (view.y1 - view.y0);
    setAt(null);
    setView({
      x0: Math.max(0, px(Math.min(ax, bx))),
      x1: Math.min(1, px(Math.max(ax, bx))),
      y0: Math.max(0, py(Math.max(ay, by))),
      y1: Math.min(1, py(Math.min(ay, by))),
    });
  }

  function key(event: React.KeyboardEvent) {
    if (event.key === "Escape") {
      setView(WHOLE);
      setAt(null);
    } else if (event.key === "Enter" && at) onPick?.(at.key);
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      event.preventDefault();
      const all = stops(layers);
      if (all.length === 0) return;
      const now = all.findIndex((stop) => stop.key === at?.key);
      const step = event.key === "ArrowRight" ? 1 : -1;
      const next =
        all[now < 0 ? (step > 0 ? 0 : all.length - 1) : (now + step + all.length) % all.length];
      if (next) setAt({ key: next.key, x: to.x(next.x), y: to.y(next.y) });
    }
  }

  return (
    <div className="chart" ref={holder}>
      <div
        className="chart-face"
        role="application"
        aria-roledescription={t("chart")}
        aria-label={`${label} ${tip ? t("chart.keys") : ""}`}
        tabIndex={0}
        onPointerMove={move}
        onPointerLeave={() => !drag && setAt(null)}
        onPointerDown={(event) => {
          if (event.button !== 0 || event.pointerType === "touch") return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([...where(event), ...where(event)]);
        }}
        onPointerUp={release}
        onClick={(event) => {
          if ((event.nativeEvent as PointerEvent).pointerType !== "touch") return;
          const box = event.currentTarget.getBoundingClientRect();
          setAt(hit(layers, to, event.clientX - box.left, event.clientY - box.top, 24));
        }}
        onDoubleClick={() => setView(WHOLE)}
        onKeyDown={key}
      >
        <canvas ref={canvas} />
        {drag && Math.abs(drag[0] - drag[2]) > 7 && (
          <div
            className="zoom-box"
            style={{
              left: Math.min(drag[0], drag[2]),
              top: Math.min(drag[1], drag[3]),
              width: Math.abs(drag[0] - drag[2]),
              height: Math.abs(drag[1] - drag[3]),
            }}
          />
        )}
        {at && tip && (
          <>
            <div className="halo" style={{ left: at.x, top: at.y }} />
            <div
              className="tip"
              role="status"
              style={{
                top: at.y + 10,
                ...(at.x > width / 2 ? { right: width - at.x + 10 } : { left: at.x + 10 }),
              }}
            >
              {tip(at.key)}
            </div>
          </>
        )}
      </div>
      {zoomed && (
        <button type="button" className="quiet small unzoom" onClick={() => setView(WHOLE)}>
          {t("chart.all")}
        </button>
      )}
    </div>
  );
}

/** Ticks within a part of the axis, as many as fit. */
function visible(scale: Scale, from: number, to: number, count: number): Tick[] {
  return scale
    .ticks(count / Math.max(1e-6, to - from))
    .filter((tick) => tick.at >= from - 1e-6 && tick.at <= to + 1e-6);
}

function frame(
  ctx: CanvasRenderingContext2D,
  ink: Ink,
  area: Area,
  view: View,
  x: Axis,
  y: Axis,
  height: number,
): void {
  const to = mapping(area, view);
  ctx.strokeStyle = ink.grid;
  ctx.lineWidth = 1;
  ctx.fillStyle = ink.faint;
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const tick of visible(y.scale, view.y0, view.y1, area.height / 45)) {
    const py = Math.round(to.y(tick.at)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(area.left, py);
    ctx.lineTo(area.left + area.width, py);
    ctx.stroke();
    ctx.fillText(clip(tick.label, 12), area.left - 6, py);
  }
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (const tick of visible(x.scale, view.x0, view.x1, area.width / 85)) {
    const px = Math.round(to.x(tick.at)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(px, area.top);
    ctx.lineTo(px, area.top + area.height);
    ctx.stroke();
    ctx.fillText(clip(tick.label, 14), px, area.top + area.height + 6);
  }
  ctx.fillStyle = ink.text;
  ctx.textBaseline = "bottom";
  ctx.fillText(clip(x.title, 60), area.left + area.width / 2, height - 1);
  ctx.save();
  ctx.translate(11, area.top + area.height / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.textBaseline = "middle";
  ctx.fillText(clip(y.title, Math.floor(area.height / 7)), 0, 0);
  ctx.restore();
}
