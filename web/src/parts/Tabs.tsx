import { useRef } from "react";
import { go } from "../route";

export type Tab = { id: string; label: string; href: string };

/** Tabs that are also addresses: arrows walk, Enter and click go, a middle click opens another window. */
export function Tabs({ tabs, now, label }: { tabs: Tab[]; now: string; label: string }) {
  const list = useRef<HTMLDivElement>(null);
  function key(event: React.KeyboardEvent) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const i = tabs.findIndex((tab) => tab.id === now);
    const next = tabs[(i + step + tabs.length) % tabs.length];
    if (!next) return;
    go(next.href, true);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  }
  return (
    <div
      className="tabs"
      role="tablist"
      aria-label={label}
      ref={list}
      onKeyDown={key}
      tabIndex={-1}
    >
      {tabs.map((tab) => (
        <a
          key={tab.id}
          role="tab"
          data-tab={tab.id}
          aria-selected={tab.id === now}
          tabIndex={tab.id === now ? 0 : -1}
          href={tab.href}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            go(tab.href, true);
          }}
        >
          {tab.label}
        </a>
      ))}
    </div>
  );
}
