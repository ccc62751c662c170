import { useT } from "../i18n";
import { save } from "../text/csv";
import { plain } from "../text/shown";
import { Copy } from "./Copy";

/** At most this much is laid out; the rest is in the file. */
const MOST = 400_000;

/** A text to read, copy and keep. */
export function Code({ text, file, label }: { text: string; file?: string; label: string }) {
  const t = useT();
  const shown = plain(text.slice(0, MOST));
  return (
    <div className="code">
      <div className="row end">
        <Copy text={text} />
        {file && (
          <button type="button" className="small" onClick={() => save(file, "text/plain", text)}>
            {t("download")}
          </button>
        )}
      </div>
      <pre tabIndex={0} role="region" aria-label={label}>
        {shown}
      </pre>
      {text.length > MOST && <p className="faint">{t("cut", { n: text.length - MOST })}</p>}
    </div>
  );
}
