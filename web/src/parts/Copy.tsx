import { useState } from "react";
import { useT } from "../i18n";

/** Copies text, and says so for a moment. Where the clipboard is refused (plain http), selects by hand. */
export function Copy({ text, label }: { text: string; label?: string }) {
  const t = useT();
  const [said, setSaid] = useState("");
  async function copy() {
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      done = byHand(text);
    }
    setSaid(done ? t("copied") : t("copy.refused"));
    setTimeout(() => setSaid(""), 1600);
  }
  return (
    <button type="button" className="small" onClick={copy}>
      <span aria-live="polite">{said || label || t("copy")}</span>
    </button>
  );
}

function byHand(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "off-screen";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
