/**
 * News by server-sent events. A change marks what is shown as stale; the page then asks again for what it
 * shows and for nothing else. A question on its way is never cut short: what changed meanwhile is asked for
 * once more after it, and slow answers are asked for less often.
 */
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { Change } from "./types";

const BEAT_MS = 400;
const AGAIN_MS = 4000;
/** After an answer that took t, wait this many times t: at most a fifth of the time goes to asking. */
const PATIENCE = 4;

export type Link = "live" | "waiting";

let link: Link = "waiting";
const watchers = new Set<() => void>();

function say(next: Link): void {
  if (next === link) return;
  link = next;
  for (const watcher of watchers) watcher();
}

export function useLink(): Link {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => link,
  );
}

/** Keys begin with "experiments" (the table) or "experiment", namespace, name (all of one Experiment). */
export function keysOf(change: Change): QueryKey[] {
  return [["experiments"], ["experiment", change.namespace, change.name]];
}

/** Follow the server until the returned function is called. */
export function follow(client: QueryClient): () => void {
  const stale = new Map<string, { key: QueryKey }>();
  const calm = new Map<string, number>();
  let source: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  function mark(key: QueryKey): void {
    const name = JSON.stringify(key);
    if (!stale.has(name)) stale.set(name, { key });
  }

  function flush(): void {
    for (const [name, { key }] of stale) {
      if (client.isFetching({ queryKey: key }) > 0) continue;
      if (performance.now() < (calm.get(name) ?? 0)) continue;
      stale.delete(name);
      const begun = performance.now();
      void client.invalidateQueries({ queryKey: key }, { cancelRefetch: false }).finally(() => {
        const ended = performance.now();
        calm.set(name, ended + PATIENCE * (ended - begun));
      });
    }
  }

  function open(): void {
    if (closed) return;
    source = new EventSource("api/changes");
    source.addEventListener("open", () => {
      if (link === "waiting") void client.invalidateQueries({}, { cancelRefetch: false });
      say("live");
    });
    source.addEventListener("change", (event) => {
      for (const key of keysOf(JSON.parse((event as MessageEvent<string>).data) as Change))
        mark(key);
    });
    source.addEventListener("error", () => {
      say("waiting");
      // The browser tries again by itself, except after an answer that was no stream.
      if (source?.readyState !== EventSource.CLOSED) return;
      clearTimeout(again);
      again = setTimeout(open, AGAIN_MS);
    });
  }

  const beat = setInterval(flush, BEAT_MS);
  open();
  return () => {
    closed = true;
    clearInterval(beat);
    clearTimeout(again);
    source?.close();
  };
}
