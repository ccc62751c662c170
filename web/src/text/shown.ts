/**
 * Text from trials and authors, made fit to be seen. It is never HTML; here it also loses what would play
 * tricks on the eye: control characters and marks that turn the direction of writing become visible signs,
 * and what is endless is cut, saying how much was left out.
 */

const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Lines and tabs are kept; NUL is shown as ⟨U+0000⟩ and a right-to-left override as ⟨U+202E⟩. */
export function plain(text: string): string {
  return text.replace(
    HIDDEN,
    (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

/** At most `most` characters of text, and a word on the rest. Never cuts a surrogate pair. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return plain(text);
  const last = text.charCodeAt(most - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? most - 1 : most;
  return `${plain(text.slice(0, end))}… (+${(text.length - end).toLocaleString("en")})`;
}

/** Terminal colours and cursor movements, which logs are full of, removed. */
export function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character starts them all
  return text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g, "");
}
