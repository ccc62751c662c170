/** A new Experiment: YAML and form are two views of one text, judged as it is written. */
import { useEffect, useRef, useState } from "react";
import { at, get, post, Refused } from "../../api/client";
import { useAlgorithms, useSchema } from "../../api/queries";
import type { Experiment, Fault, Verdict } from "../../api/types";
import { useT } from "../../i18n";
import { Code } from "../../parts/Code";
import { Text } from "../../parts/Text";
import { tellTrouble } from "../../parts/Toasts";
import { go, link } from "../../route";
import { copyOf } from "./copy";
import { Editor } from "./Editor";
import { FormView } from "./FormView";
import { STARTER } from "./starter";

const PAUSE_MS = 350;

export default function Create({ from }: { from: string | null }) {
  const t = useT();
  const [text, setText] = useState<string | null>(from === null ? STARTER : null);
  useEffect(() => {
    if (from === null) return;
    const cut = from.indexOf("/");
    get<Experiment>(at(from.slice(0, cut), from.slice(cut + 1)))
      .then((facts) => setText(copyOf(facts.yaml)))
      .catch((error) => {
        tellTrouble(error);
        setText(STARTER);
      });
  }, [from]);
  if (text === null) return <p className="waiting">{t("loading")}</p>;
  return <Page text={text} onChange={setText} />;
}

function Page({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const t = useT();
  const schema = useSchema();
  const algorithms = useAlgorithms();
  const [view, setView] = useState<"yaml" | "form">("yaml");
  const [verdict, busy] = useVerdict(text);
  const [refused, setRefused] = useState<Fault[]>([]);
  const [goTo, setGoTo] = useState<{ line: number; wish: number } | null>(null);
  const [job, setJob] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const faults = verdict?.faults.length ? verdict.faults : refused;

  async function submit() {
    setSending(true);
    try {
      const made = await post<{ namespace: string; name: string }>("experiments", { yaml: text });
      go(link("experiment", made.namespace, made.name));
    } catch (error) {
      if (error instanceof Refused && error.faults.length > 0) setRefused(error.faults);
      else tellTrouble(error);
      setSending(false);
    }
  }

  async function preview() {
    try {
      setJob((await post<{ job: string }>("render", { yaml: text, trial: 0 })).job);
    } catch (error) {
      setJob(null);
      if (error instanceof Refused && error.faults.length > 0) setRefused(error.faults);
      else tellTrouble(error);
    }
  }

  return (
    <>
      <div className="head">
        <h1>{t("new")}</h1>
        <fieldset className="choice">
          <legend className="off-screen">{t("form.view")}</legend>
          {(["yaml", "form"] as const).map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="view"
                checked={view === one}
                onChange={() => setView(one)}
              />
              {t(one === "yaml" ? "tab.yaml" : "form")}
            </label>
          ))}
        </fieldset>
        <label className="button">
          {t("open.file")}
          <input
            type="file"
            className="off-screen"
            accept=".yaml,.yml,.json"
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file) void file.text().then(onChange);
            }}
          />
        </label>
        <span className="space" />
        <button type="button" onClick={() => void preview()}>
          {t("preview")}
        </button>
        <button
          type="button"
          className="primary"
          disabled={sending || !verdict || verdict.faults.length > 0}
          onClick={() => void submit()}
        >
          {t("submit")}
        </button>
      </div>
      <div className="two">
        <div className="editing">
          {view === "yaml" ? (
            <Editor
              text={text}
              label={t("editor")}
              faults={faults}
              schema={schema.data}
              algorithms={algorithms.data?.map((one) => one.name) ?? []}
              goTo={goTo}
              onChange={(next) => {
                setRefused([]);
                onChange(next);
              }}
            />
          ) : (
            <FormView text={text} onChange={onChange} />
          )}
        </div>
        <aside aria-label={t("judgement")}>
          <Judgement
            verdict={verdict}
            faults={faults}
            busy={busy}
            onGo={(line) => {
              setView("yaml");
              setGoTo({ line, wish: Date.now() });
            }}
          />
          {job !== null && (
            <section>
              <h2>{t("preview.of")}</h2>
              <Code text={job} label={t("preview.of")} />
            </section>
          )}
        </aside>
      </div>
    </>
  );
}

function Judgement({
  verdict,
  faults,
  busy,
  onGo,
}: {
  verdict: Verdict | null;
  faults: Fault[];
  busy: boolean;
  onGo: (line: number) => void;
}) {
  const t = useT();
  return (
    <section>
      <h2>{t("judgement")}</h2>
      <p role="status">
        {busy || !verdict
          ? t("judging")
          : faults.length === 0
            ? t("valid")
            : t("faults", { n: faults.length })}
      </p>
      <ul className="faults">
        {faults.map((fault, i) => (
          <li key={i}>
            {fault.line !== null && fault.line !== undefined && (
              <button type="button" className="small" onClick={() => onGo(fault.line as number)}>
                {t("line", { n: fault.line })}
              </button>
            )}{" "}
            <code>
              <Text value={fault.path ?? ""} most={160} />
            </code>
            <br />
            <Text value={fault.problem} most={600} />
            {fault.mend && (
              <>
                <br />
                <em>
                  <Text value={fault.mend} most={600} />
                </em>
              </>
            )}
          </li>
        ))}
      </ul>
      {verdict && verdict.notes.length > 0 && (
        <>
          <h3>{t("notes")}</h3>
          <ul>
            {verdict.notes.map((note, i) => (
              <li key={i}>
                <Text
                  value={typeof note === "string" ? note : `${note.path}: ${note.problem}`}
                  most={600}
                />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** The server's judgement of the text, a moment after the last key; an older answer never wins. */
function useVerdict(text: string): [Verdict | null, boolean] {
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [busy, setBusy] = useState(true);
  const latest = useRef<AbortController | null>(null);
  useEffect(() => {
    setBusy(true);
    const wait = setTimeout(() => {
      latest.current?.abort();
      const mine = new AbortController();
      latest.current = mine;
      post<Verdict>("validate", { yaml: text }, mine.signal)
        .then((said) => {
          setVerdict(said);
          setBusy(false);
        })
        .catch((error) => {
          if (mine.signal.aborted) return;
          setBusy(false);
          if (error instanceof Refused && error.faults.length > 0)
            setVerdict({ faults: error.faults, notes: [], experiment: null });
          else tellTrouble(error);
        });
    }, PAUSE_MS);
    return () => clearTimeout(wait);
  }, [text]);
  useEffect(() => () => latest.current?.abort(), []);
  return [verdict, busy];
}
