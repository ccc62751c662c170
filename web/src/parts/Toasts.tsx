/** What was done, or could not be, told for a few seconds at the edge of the page. */
import { useSyncExternalStore } from "react";
import { Refused } from "../api/client";
import { useT } from "../i18n";
import { Text } from "./Text";

type Toast = { id: number; text: string; bad: boolean };

let toasts: Toast[] = [];
let next = 1;
const watchers = new Set<() => void>();

function set(list: Toast[]): void {
  toasts = list;
  for (const watcher of watchers) watcher();
}

export function tell(text: string, bad = false): void {
  const id = next++;
  set([...toasts.slice(-3), { id, text, bad }]);
  setTimeout(() => set(toasts.filter((toast) => toast.id !== id)), bad ? 12_000 : 6_000);
}

export function tellTrouble(error: unknown): void {
  const mend = error instanceof Refused && error.mend ? ` ${error.mend}` : "";
  tell(`${error instanceof Error ? error.message : String(error)}${mend}`, true);
}

export function Toasts() {
  const t = useT();
  const list = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {list.map((toast) => (
        <div key={toast.id} className={toast.bad ? "toast bad" : "toast"}>
          <Text value={toast.text} most={600} />
          <button
            type="button"
            className="quiet"
            aria-label={t("close")}
            onClick={() => set(toasts.filter((one) => one.id !== toast.id))}
          >
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
