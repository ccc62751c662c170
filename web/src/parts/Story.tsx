/** What happened, in order, each with its reason. */
import { useState } from "react";
import type { Happening } from "../api/types";
import { useT } from "../i18n";
import { clock } from "../text/number";
import { Text } from "./Text";

const PAGE = 300;

export function Story({ items }: { items: Happening[] }) {
  const t = useT();
  const [search, setSearch] = useState("");
  const [warnings, setWarnings] = useState(false);
  const [most, setMost] = useState(PAGE);
  const sought = search.toLowerCase();
  const fit = items.filter(
    (one) =>
      (!warnings || one.warning) &&
      `${one.object} ${one.reason} ${one.message}`.toLowerCase().includes(sought),
  );
  // The latest are at the end; of many, the end is what one came for.
  const shown = fit.slice(-most);
  return (
    <>
      <div className="head">
        <input
          type="search"
          aria-label={t("search")}
          placeholder={t("search.story")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={warnings}
            onChange={(event) => setWarnings(event.target.checked)}
          />
          {t("warnings")}
        </label>
        <span className="faint" role="status">
          {t("shown", { n: shown.length, of: items.length })}
        </span>
        {fit.length > most && (
          <button type="button" className="small" onClick={() => setMost(most * 4)}>
            {t("earlier")}
          </button>
        )}
      </div>
      {items.length === 0 && <p className="faint">{t("story.none")}</p>}
      <ol className="story">
        {shown.map((one, i) => (
          <li key={i} className={one.warning ? "warning" : ""}>
            <time className="faint num">{clock(one.time)}</time>
            <span className="what">
              {one.warning && <span className="mark">{t("warning")}</span>}
              <strong>
                <Text value={one.reason} most={60} />
              </strong>{" "}
              <span className="faint">
                <Text value={one.object} most={80} />
              </span>
              <br />
              <Text value={one.message} most={1500} />
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
