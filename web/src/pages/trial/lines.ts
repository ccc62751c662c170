/** A log as lines: kept up to a size, searched, without the terminal's colours. */
import { withoutColours } from "../../text/shown";

/** What is kept of a log in the browser; of more, the beginning is dropped and that is said. */
export const KEPT = 4_000_000;

export type Kept = { text: string; from: number; to: number; ended: boolean; size: number };

export const NOTHING: Kept = { text: "", from: 0, to: 0, ended: false, size: 0 };

/** The log with a part added at its end. A part that does not follow replaces what there was. */
export function appended(
  log: Kept,
  part: { from: number; to: number; size: number; ended: boolean; text: string },
): Kept {
  const { from, to, size, ended } = part;
  const fresh = log.text === "" && log.to === 0;
  if (fresh || from !== log.to) return { text: part.text, from, to, size, ended };
  const text = log.text + part.text;
  if (text.length <= KEPT) return { text, from: log.from, to, size, ended };
  const cut = text.length - KEPT;
  const dropped = new TextEncoder().encode(text.slice(0, cut)).length;
  return { text: text.slice(cut), from: log.from + dropped, to, size, ended };
}

/** Carriage returns rewrite a line, as progress bars do: only its last writing is kept. */
export function linesOf(text: string): string[] {
  const lines = withoutColours(text).replaceAll("\r\n", "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    const trimmed = line.endsWith("\r") ? line.slice(0, -1) : line;
    return trimmed.slice(trimmed.lastIndexOf("\r") + 1);
  });
}

/** Places of the lines that hold the text, whatever its case. */
export function found(lines: string[], search: string): number[] {
  if (search === "") return [];
  const sought = search.toLowerCase();
  return lines.flatMap((line, i) => (line.toLowerCase().includes(sought) ? [i] : []));
}

/** A line cut into pieces, every second of which is a find. */
export function pieces(line: string, search: string): string[] {
  if (search === "") return [line];
  const [low, sought] = [line.toLowerCase(), search.toLowerCase()];
  const cut: string[] = [];
  let from = 0;
  // Where lowering changes a line's length, places would not fit: such a line is not marked.
  if (low.length !== line.length) return [line];
  for (let at = low.indexOf(sought); at >= 0; at = low.indexOf(sought, from)) {
    cut.push(line.slice(from, at), line.slice(at, at + sought.length));
    from = at + sought.length;
  }
  return [...cut, line.slice(from)];
}
