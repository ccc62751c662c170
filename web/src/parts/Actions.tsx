/** What can be done to an Experiment. What cannot be undone is asked about first. */
import { useQueryClient } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { at, post, remove } from "../api/client";
import { useSession } from "../api/queries";
import type { Row } from "../api/types";
import { useT } from "../i18n";
import { go } from "../route";
import { Dialog } from "./Dialog";
import { Text } from "./Text";
import { tell, tellTrouble } from "./Toasts";

type Deed = "stop" | "suspend" | "resume" | "restart" | "delete";

export const finished = (row: Row) => row.type === "Succeeded" || row.type === "Failed";

function possible(row: Row): Deed[] {
  if (finished(row)) return ["restart", "delete"];
  return [row.type === "Suspended" ? "resume" : "suspend", "stop", "delete"];
}

/** The buttons, and the question that one of them may ask; apart, since a menu that closes hides its own. */
function useDeeds(row: Row, onDeleted?: () => void, onChosen?: () => void) {
  const t = useT();
  const client = useQueryClient();
  const session = useSession();
  const [asked, setAsked] = useState<Deed | null>(null);
  const [budget, setBudget] = useState("");
  const [busy, setBusy] = useState(false);

  async function perform(deed: Deed) {
    setBusy(true);
    try {
      const body = deed === "restart" ? { max_trial_count: Number(budget) } : {};
      // Its page is left first: it would ask for what is no longer there.
      if (deed === "delete") onDeleted?.();
      const done =
        deed === "delete"
          ? await remove<{ said: string }>(at(row.namespace, row.name))
          : await post<{ said: string }>(at(row.namespace, row.name, deed), body);
      tell(done?.said ?? t("done"));
    } catch (error) {
      tellTrouble(error);
    } finally {
      setBusy(false);
      setAsked(null);
      void client.invalidateQueries({ queryKey: ["experiments"] });
      const key = ["experiment", row.namespace, row.name];
      if (deed === "delete") client.removeQueries({ queryKey: key });
      else void client.invalidateQueries({ queryKey: key });
    }
  }

  function choose(deed: Deed) {
    onChosen?.();
    if (deed === "suspend" || deed === "resume") {
      void perform(deed);
      return;
    }
    setBudget(String((row.max_trials ?? row.counts.total) * 2));
    setAsked(deed);
  }

  const may = session.data?.can;
  const buttons = (
    <div className="actions">
      {may?.act !== false &&
        possible(row).map((deed) => (
          <button
            key={deed}
            type="button"
            className={deed === "delete" ? "small danger" : "small"}
            disabled={busy}
            aria-label={`${t(`do.${deed}`)} ${row.name.slice(0, 80)}`}
            onClick={() => choose(deed)}
          >
            {t(`do.${deed}`)}
          </button>
        ))}
      {may?.create !== false && (
        <button
          type="button"
          className="small"
          aria-label={`${t("do.clone")} ${row.name.slice(0, 80)}`}
          onClick={() =>
            go(`#/new?from=${encodeURIComponent(row.namespace)}/${encodeURIComponent(row.name)}`)
          }
        >
          {t("do.clone")}
        </button>
      )}
    </div>
  );
  const question = asked && (
    <Dialog title={t(`do.${asked}`)} onClose={() => setAsked(null)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void perform(asked);
        }}
      >
        <p>
          {t(`ask.${asked as "stop" | "restart" | "delete"}`)}{" "}
          <strong>
            <Text value={row.name} most={80} />
          </strong>
        </p>
        {asked === "restart" && (
          <label className="field">
            {t("budget.new")}
            <input
              type="number"
              min={row.counts.total + 1}
              required
              value={budget}
              onChange={(event) => setBudget(event.target.value)}
            />
          </label>
        )}
        <div className="row end">
          <button type="button" onClick={() => setAsked(null)}>
            {t("cancel")}
          </button>
          <button
            type="submit"
            className={asked === "delete" ? "danger" : "primary"}
            disabled={busy}
          >
            {t(`do.${asked}`)}
          </button>
        </div>
      </form>
    </Dialog>
  );
  return { buttons, question };
}

export function Actions({ row, onDeleted }: { row: Row; onDeleted?: () => void }) {
  const { buttons, question } = useDeeds(row, onDeleted);
  return (
    <>
      {buttons}
      {question}
    </>
  );
}

/** The same behind one button, for a line of a table: the menu stands above everything, so nothing clips it. */
export function ActionsMenu({ row }: { row: Row }) {
  const t = useT();
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const { buttons, question } = useDeeds(row, undefined, () => menu.current?.hidePopover());
  return (
    <>
      <button
        type="button"
        className="small"
        popoverTarget={id}
        aria-label={`${t("actions")} ${row.name.slice(0, 80)}`}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const style = menu.current?.style;
          if (!style) return;
          const up = box.bottom > window.innerHeight - 190;
          style.top = up ? "auto" : `${box.bottom + 4}px`;
          style.bottom = up ? `${window.innerHeight - box.top + 4}px` : "auto";
          style.right = `${Math.max(8, document.documentElement.clientWidth - box.right)}px`;
        }}
      >
        ⋯
      </button>
      <div ref={menu} id={id} popover="auto" className="deeds">
        {buttons}
      </div>
      {question}
    </>
  );
}
