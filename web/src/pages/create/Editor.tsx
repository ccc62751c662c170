/**
 * The YAML editor: CodeMirror, inside a shadow root, where its styles are style sheets of the document's
 * own making rather than <style> elements, which our content policy refuses.
 */
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
  startCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import type { Fault } from "../../api/types";
import { plain } from "../../text/shown";
import { offers, type Schema, spotAt } from "./complete";

type Props = {
  text: string;
  label: string;
  faults: Fault[];
  schema: Schema | undefined;
  algorithms: string[];
  /** A line to go to, with a number that makes each wish a new one. */
  goTo: { line: number; wish: number } | null;
  onChange: (text: string) => void;
};

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.content, tags.attributeValue], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--faint)", fontStyle: "italic" },
]);

const looks = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: "var(--ground)", color: "var(--text)" },
  ".cm-scroller": { fontFamily: "ui-monospace, Menlo, Consolas, monospace", lineHeight: "1.5" },
  ".cm-gutters": {
    backgroundColor: "var(--raised)",
    color: "var(--faint)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-activeLine": { backgroundColor: "var(--hover)" },
  "&.cm-focused": { outline: "2px solid var(--accent)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground":
    {
      backgroundColor: "var(--select)",
    },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    color: "var(--text)",
    border: "1px solid var(--line)",
    maxWidth: "30em",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--on-accent)",
  },
  // CodeMirror's own marks are data: pictures, which our content policy refuses.
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad)",
    textUnderlineOffset: "3px",
  },
  ".cm-lint-marker-error": {
    content: "normal",
    width: "9px",
    height: "9px",
    margin: "5px 2px",
    borderRadius: "50%",
    backgroundColor: "var(--bad)",
  },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)" },
});

export function Editor({ text, label, faults, schema, algorithms, goTo, onChange }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const given = useRef({ onChange, schema, algorithms });
  given.current = { onChange, schema, algorithms };

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; later texts come by the next effect
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    const complete = (context: CompletionContext) =>
      completions(context, given.current.schema, given.current.algorithms);
    view.current = new EditorView({
      parent: root as unknown as Element,
      root,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          search(),
          yaml(),
          syntaxHighlighting(colours),
          looks,
          lintGutter(),
          autocompletion({ override: [complete], icons: false }),
          keymap.of([
            ...defaultKeymap,
            ...historyKeymap,
            ...completionKeymap,
            ...searchKeymap,
            ...lintKeymap,
          ]),
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) given.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    return () => view.current?.destroy();
  }, []);

  useEffect(() => {
    const now = view.current;
    if (!now || now.state.doc.toString() === text) return;
    now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: text } });
  }, [text]);

  useEffect(() => {
    const now = view.current;
    if (now)
      now.dispatch(
        setDiagnostics(
          now.state,
          faults.map((fault) => placed(fault, now)),
        ),
      );
  }, [faults]);

  useEffect(() => {
    const now = view.current;
    if (!now || !goTo) return;
    const line = now.state.doc.line(Math.min(Math.max(1, goTo.line), now.state.doc.lines));
    now.dispatch({ selection: { anchor: line.to }, scrollIntoView: true });
    now.focus();
  }, [goTo]);

  return <div className="editor" ref={host} />;
}

/** A fault underlines from its column to the end of its line. */
function placed(fault: Fault, view: EditorView): Diagnostic {
  const doc = view.state.doc;
  const line = doc.line(Math.min(Math.max(1, fault.line ?? 1), doc.lines));
  const from = Math.min(line.from + Math.max(0, (fault.column ?? 1) - 1), line.to);
  const told = [fault.path, fault.problem].filter(Boolean).join(": ");
  return {
    from,
    to: Math.max(from, line.to),
    severity: "error",
    message: plain(fault.mend ? `${told}; ${fault.mend}` : told),
  };
}

function completions(
  context: CompletionContext,
  schema: Schema | undefined,
  algorithms: string[],
): CompletionResult | null {
  if (!schema) return null;
  const spot = spotAt(context.state.doc.toString(), context.pos);
  if (!context.explicit && spot.word === "" && spot.key === null) return null;
  const list = offers(schema, spot, { algorithmName: algorithms });
  if (list.length === 0) return null;
  return {
    from: context.pos - spot.word.length,
    validFor: /^[\w$.-]*$/,
    options: list.map(
      (one): Completion => ({
        label: one.label,
        detail: one.detail,
        ...(one.info ? { info: one.info } : {}),
        apply: (view, _completion, from, to) => {
          view.dispatch({
            changes: { from, to, insert: one.insert },
            selection: { anchor: from + one.insert.length },
          });
          // After `key: ` the values are offered at once.
          if (one.insert.endsWith(": ")) startCompletion(view);
        },
      }),
    ),
  };
}
