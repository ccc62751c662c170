/**
 * English and Korean. A dictionary of our own: some two hundred sentences do not ask for a library.
 * The language is the browser's until the reader picks one. What the server says stays as it said it.
 */
import { useSyncExternalStore } from "react";
import { remember, remembered } from "../parts/memory";
import { en } from "./en";
import { ko } from "./ko";

export type Language = "en" | "ko";
export type Key = keyof typeof en;
export type Translate = (key: Key, values?: Record<string, string | number>) => string;

const books: Record<Language, Record<Key, string>> = { en, ko };
const watchers = new Set<() => void>();

export function preferred(kept: string | null, wishes: readonly string[]): Language {
  if (kept === "en" || kept === "ko") return kept;
  const first = wishes.find((wish) => /^(en|ko)\b/i.test(wish));
  return first?.toLowerCase().startsWith("ko") ? "ko" : "en";
}

/** The sentence with `{name}` replaced; what is not given stays as it stands, for the eye to find. */
export function fill(sentence: string, values: Record<string, string | number> = {}): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

let language = preferred(remembered("language"), navigator.languages ?? []);
const speak = (): Record<Language, Translate> => ({
  en: (key, values) => fill(books.en[key], values),
  ko: (key, values) => fill(books.ko[key], values),
});
const tongues = speak();
document.documentElement.lang = language;

export function setLanguage(next: Language): void {
  language = next;
  remember("language", next);
  document.documentElement.lang = next;
  for (const watcher of watchers) watcher();
}

export function useLanguage(): Language {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => language,
  );
}

export function useT(): Translate {
  return tongues[useLanguage()];
}
