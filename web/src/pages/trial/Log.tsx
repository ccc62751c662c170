/** What the trial printed: the tail, live; more of the beginning on request; search. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { at, get } from "../../api/client";
import type { LogPart } from "../../api/types";
import { useT } from "../../i18n";
import { Trouble } from "../../parts/Answer";
import { save } from "../../text/csv";
import { clip } from "../../text/shown";
import { appended, found, type Kept, linesOf, NOTHING, pieces } from "./lines";

const TAIL = 65_536;
const PART = 262_144;
const BEAT_MS = 1000;

export function Log({
  namespace,
  name,
  trial,
}: {
  namespace: string;
  name: string;
  trial: string;
}) {
  const t = useT();
  const [log, trouble, earlier] = useLog(at(namespace, name, "trials", trial, "log"));
  const [search, setSearch] = useState("");
  const [tail, setTail] = useState(true);
  const [mark, setMark] = useState(0);
  const lines = useMemo(() => linesOf(log.text), [log.text]);
  const finds = useMemo(() => found(lines, search), [lines, search]);
  const frame = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => 19,
    overscan: 30,
  });

  useEffect(() => {
    if (tail && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [tail, lines.length, virtual]);

  function step(by: number) {
    if (finds.length === 0) return;
    const next = (mark + by + finds.length) % finds.length;
    setMark(next);
    setTail(false);
    virtual.scrollToIndex(finds[next] as number, { align: "center" });
  }

  if (trouble) return <Trouble error={trouble} />;
  return (
    <>
      <div className="head">
        <input
          type="search"
          aria-label={t("search")}
          placeholder={t("log.search")}
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
            setMark(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
          }}
        />
        {search && (
          <span role="status" className="num">
            {finds.length === 0 ? t("log.nothing") : `${mark + 1} / ${finds.length}`}
          </span>
        )}
        <button
          type="button"
          className="small"
          disabled={finds.length === 0}
          onClick={() => step(-1)}
          aria-label={t("previous")}
        >
          ↑
        </button>
        <button
          type="button"
          className="small"
          disabled={finds.length === 0}
          onClick={() => step(1)}
          aria-label={t("next")}
        >
          ↓
        </button>
        <label className="check">
          <input
            type="checkbox"
            checked={tail}
            onChange={(event) => setTail(event.target.checked)}
          />
          {t("log.follow")}
        </label>
        <span className="space" />
        {log.from > 0 && (
          <button type="button" className="small" onClick={() => void earlier()}>
            {t("log.earlier", { n: Math.ceil(log.from / 1024) })}
          </button>
        )}
        <button
          type="button"
          className="small"
          onClick={() => save(`${trial}.log`, "text/plain", log.text)}
        >
          {t("download")}
        </button>
      </div>
      <div
        className="log"
        ref={frame}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={t("tab.log")}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => (
            <div
              key={item.index}
              ref={virtual.measureElement}
              data-index={item.index}
              className={finds[mark] === item.index ? "log-line now" : "log-line"}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Line text={lines[item.index] ?? ""} search={search} />
            </div>
          ))}
        </div>
      </div>
      <p className="faint" role="status">
        {log.size === 0
          ? t("log.none")
          : log.ended
            ? t("log.ended", { n: lines.length })
            : t("log.live", { n: lines.length })}
      </p>
    </>
  );
}

function Line({ text, search }: { text: string; search: string }) {
  return (
    <bdi>
      {pieces(clip(text, 5000), search).map((piece, i) =>
        i % 2 === 1 ? <mark key={i}>{piece}</mark> : <span key={i}>{piece}</span>,
      )}
      {text === "" && " "}
    </bdi>
  );
}

/** The log as it grows; `earlier` fetches the part before what is known. */
function useLog(address: string): [Kept, unknown, () => Promise<void>] {
  const [log, setLog] = useState<Kept>(NOTHING);
  const [trouble, setTrouble] = useState<unknown>(null);
  const known = useRef<Kept>(NOTHING);

  useEffect(() => {
    let closed = false;
    let beat: ReturnType<typeof setTimeout>;
    known.current = NOTHING;
    async function ask() {
      try {
        const from = known.current.to === 0 ? -TAIL : known.current.to;
        const part = await get<LogPart>(address, { from });
        if (closed) return;
        setTrouble(null);
        const next = appended(known.current, part);
        if (
          part.text !== "" ||
          part.ended !== known.current.ended ||
          part.size !== known.current.size
        ) {
          known.current = next;
          setLog(next);
        }
        if (part.ended && part.to >= part.size) return;
        beat = setTimeout(ask, part.to < part.size ? 0 : document.hidden ? 5 * BEAT_MS : BEAT_MS);
      } catch (error) {
        if (closed) return;
        if (known.current === NOTHING) setTrouble(error);
        beat = setTimeout(ask, 3 * BEAT_MS);
      }
    }
    void ask();
    return () => {
      closed = true;
      clearTimeout(beat);
    };
  }, [address]);

  async function earlier() {
    const from = Math.max(0, known.current.from - PART);
    const part = await get<LogPart>(address, { from, to: known.current.from });
    // The server sends up to 256 KiB; what lies past our beginning is known already.
    const length = Math.min(part.to, known.current.from) - from;
    const bytes = new TextEncoder().encode(part.text).slice(0, length);
    const text = new TextDecoder().decode(bytes) + known.current.text;
    known.current = { ...known.current, text, from };
    setLog(known.current);
  }
  return [log, trouble, earlier];
}
