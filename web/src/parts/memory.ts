/** What this browser remembers of the reader's choices. A browser that refuses remembers nothing. */

export function remembered(name: string): string | null {
  try {
    return window.localStorage.getItem(`munshi.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    window.localStorage.setItem(`munshi.${name}`, value);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}
