/** A canvas as wide as its place and as sharp as the screen. */
import { useEffect, useRef, useState } from "react";
import { useTheme } from "../parts/theme";

export type Ink = { text: string; faint: string; grid: string; ground: string; accent: string };

function ink(element: Element): Ink {
  const style = getComputedStyle(element);
  const v = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: v("--text"),
    faint: v("--faint"),
    grid: v("--grid"),
    ground: v("--ground"),
    accent: v("--accent"),
  };
}

/** Width in CSS pixels of the element that holds the canvas; 0 before it is laid out. */
export function useWidth<T extends HTMLElement>(): [React.RefObject<T | null>, number] {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const watch = new ResizeObserver(([entry]) =>
      setWidth(Math.floor(entry?.contentRect.width ?? 0)),
    );
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [ref, width];
}

/** Draws again whenever one of `on`, the size or the theme changes. */
export function useDrawing(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  width: number,
  height: number,
  draw: (ctx: CanvasRenderingContext2D, ink: Ink) => void,
  on: unknown[],
): void {
  const theme = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names what its drawing depends on
  useEffect(() => {
    const element = canvas.current;
    if (!element || width === 0) return;
    const sharp = window.devicePixelRatio || 1;
    element.width = Math.round(width * sharp);
    element.height = Math.round(height * sharp);
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
    const ctx = element.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(sharp, 0, 0, sharp, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = "11.5px system-ui, sans-serif";
    draw(ctx, ink(element));
  }, [width, height, theme, ...on]);
}
