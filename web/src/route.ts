/**
 * Where we are, after the `#`: it survives a reload, works under every prefix, and asks nothing of the server.
 *
 *     #/                                       all Experiments
 *     #/experiment/NAMESPACE/NAME/TAB/PLOT     one
 *     #/trial/NAMESPACE/NAME/TRIAL/TAB         one of its trials
 *     #/new?from=NAMESPACE/NAME                a new one, perhaps as a copy
 *     #/compare?e=NAMESPACE/NAME&e=…           two to five
 */
import { useSyncExternalStore } from "react";

export type Place = { parts: string[]; query: URLSearchParams };

export function parse(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path
    .split("/")
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  return { parts, query: new URLSearchParams(query) };
}

export function link(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

export function go(address: string, replace = false): void {
  if (replace) window.history.replaceState(null, "", address);
  else window.location.hash = address;
  if (replace) window.dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useHash(): string {
  return useSyncExternalStore(
    (watcher) => {
      window.addEventListener("hashchange", watcher);
      return () => window.removeEventListener("hashchange", watcher);
    },
    () => window.location.hash,
  );
}
