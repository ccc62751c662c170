/**
 * What a chart shows, in places between 0 and 1 of its frame; x to the right, y upwards. `key` is what a mark
 * speaks of (the row of a trial), for the tooltip and the click.
 */

export type Points = {
  kind: "points";
  x: (number | null)[];
  y: (number | null)[];
  colour: string | string[];
  size?: number;
  ring?: boolean;
  keys?: number[];
};
export type Line = {
  kind: "line";
  x: (number | null)[];
  y: (number | null)[];
  colour: string;
  width?: number;
  dash?: number[];
  step?: boolean;
  faint?: boolean;
  key?: number;
};
export type Bars = {
  kind: "bars";
  from: number[];
  to: number[];
  y: number[];
  height: number;
  colour: string[];
  keys: number[];
};
/** Cells of a picture, row by row from below. */
export type Cells = { kind: "cells"; across: number; up: number; colour: (string | null)[] };
export type Layer = Points | Line | Bars | Cells;

/** The part of the frame that is looked at. */
export type View = { x0: number; x1: number; y0: number; y1: number };
export const WHOLE: View = { x0: 0, x1: 1, y0: 0, y1: 1 };

export type Area = { left: number; top: number; width: number; height: number };

export type Map2 = { x: (place: number) => number; y: (place: number) => number };

export function mapping(area: Area, view: View): Map2 {
  return {
    x: (p) => area.left + ((p - view.x0) / (view.x1 - view.x0)) * area.width,
    y: (p) => area.top + area.height - ((p - view.y0) / (view.y1 - view.y0)) * area.height,
  };
}

export function paint(ctx: CanvasRenderingContext2D, layer: Layer, to: Map2): void {
  if (layer.kind === "points") paintPoints(ctx, layer, to);
  else if (layer.kind === "line") paintLine(ctx, layer, to);
  else if (layer.kind === "bars") paintBars(ctx, layer, to);
  else paintCells(ctx, layer, to);
}

function paintPoints(ctx: CanvasRenderingContext2D, layer: Points, to: Map2): void {
  const size = layer.size ?? 3;
  const many = layer.x.length > 3000;
  for (let i = 0; i < layer.x.length; i += 1) {
    const x = layer.x[i];
    const y = layer.y[i];
    if (x == null || y == null) continue;
    const colour = typeof layer.colour === "string" ? layer.colour : (layer.colour[i] ?? "#888");
    if (many && !layer.ring) {
      ctx.fillStyle = colour;
      ctx.fillRect(to.x(x) - size / 2, to.y(y) - size / 2, size, size);
      continue;
    }
    ctx.beginPath();
    ctx.arc(to.x(x), to.y(y), size, 0, 2 * Math.PI);
    if (layer.ring) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = 2;
      ctx.stroke();
    } else {
      ctx.fillStyle = colour;
      ctx.fill();
    }
  }
}

function paintLine(ctx: CanvasRenderingContext2D, layer: Line, to: Map2): void {
  ctx.strokeStyle = layer.colour;
  ctx.lineWidth = layer.width ?? 1.5;
  ctx.globalAlpha = layer.faint ? 0.45 : 1;
  ctx.setLineDash(layer.dash ?? []);
  ctx.beginPath();
  let pen = false;
  let last = 0;
  for (let i = 0; i < layer.x.length; i += 1) {
    const x = layer.x[i];
    const y = layer.y[i];
    if (x == null || y == null) {
      pen = false;
      continue;
    }
    const [px, py] = [to.x(x), to.y(y)];
    if (!pen) ctx.moveTo(px, py);
    else {
      if (layer.step) ctx.lineTo(px, last);
      ctx.lineTo(px, py);
    }
    pen = true;
    last = py;
  }
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

function paintBars(ctx: CanvasRenderingContext2D, layer: Bars, to: Map2): void {
  for (let i = 0; i < layer.from.length; i += 1) {
    const [a, b] = [to.x(layer.from[i]!), to.x(layer.to[i]!)];
    const top = to.y(layer.y[i]! + layer.height);
    const tall = Math.max(1, to.y(layer.y[i]!) - top - 1);
    ctx.fillStyle = layer.colour[i]!;
    ctx.fillRect(a, top, Math.max(1.5, b - a - 0.5), tall);
  }
}

function paintCells(ctx: CanvasRenderingContext2D, layer: Cells, to: Map2): void {
  const { across, up } = layer;
  for (let j = 0; j < up; j += 1) {
    for (let i = 0; i < across; i += 1) {
      const colour = layer.colour[j * across + i];
      if (!colour) continue;
      // Both edges rounded the same way: neighbours neither overlap nor leave a gap.
      const left = Math.round(to.x(i / across));
      const top = Math.round(to.y((j + 1) / up));
      ctx.fillStyle = colour;
      ctx.fillRect(
        left,
        top,
        Math.round(to.x((i + 1) / across)) - left,
        Math.round(to.y(j / up)) - top,
      );
    }
  }
}

export type Hit = { key: number; x: number; y: number };

/** The mark nearest to a pixel, within `reach` pixels, or null. */
export function hit(layers: Layer[], to: Map2, px: number, py: number, reach = 14): Hit | null {
  let found: Hit | null = null;
  let least = reach * reach;
  const offer = (key: number, x: number, y: number) => {
    const far = (x - px) ** 2 + (y - py) ** 2;
    if (far > least) return;
    least = far;
    found = { key, x, y };
  };
  for (const layer of layers) {
    if (layer.kind === "points" && layer.keys) {
      for (let i = 0; i < layer.x.length; i += 1) {
        if (layer.x[i] == null || layer.y[i] == null) continue;
        offer(layer.keys[i]!, to.x(layer.x[i]!), to.y(layer.y[i]!));
      }
    } else if (layer.kind === "line" && layer.key !== undefined) {
      for (let i = 0; i < layer.x.length; i += 1) {
        if (layer.x[i] == null || layer.y[i] == null) continue;
        offer(layer.key, to.x(layer.x[i]!), to.y(layer.y[i]!));
      }
    } else if (layer.kind === "bars") {
      for (let i = 0; i < layer.from.length; i += 1) {
        const [a, b] = [to.x(layer.from[i]!), to.x(layer.to[i]!)];
        const [low, high] = [to.y(layer.y[i]!), to.y(layer.y[i]! + layer.height)];
        const x = Math.min(Math.max(px, a), Math.max(a, b));
        const y = Math.min(Math.max(py, high), low);
        offer(layer.keys[i]!, x, y);
      }
    }
  }
  return found;
}

/** Keyed marks in the order of x, one stop for each key, for walking with the arrow keys. */
export function stops(layers: Layer[]): { key: number; x: number; y: number }[] {
  const seen = new Map<number, { key: number; x: number; y: number }>();
  for (const layer of layers) {
    if (layer.kind === "points" && layer.keys) {
      layer.keys.forEach((key, i) => {
        const [x, y] = [layer.x[i], layer.y[i]];
        if (x != null && y != null && !seen.has(key)) seen.set(key, { key, x, y });
      });
    } else if (layer.kind === "bars") {
      layer.keys.forEach((key, i) => {
        seen.set(key, { key, x: layer.from[i]!, y: layer.y[i]! + layer.height / 2 });
      });
    } else if (layer.kind === "line" && layer.key !== undefined) {
      const last = layer.x.findLastIndex((x, i) => x != null && layer.y[i] != null);
      if (last >= 0) seen.set(layer.key, { key: layer.key, x: layer.x[last]!, y: layer.y[last]! });
    }
  }
  return [...seen.values()].sort((a, b) => a.x - b.x || a.key - b.key);
}
