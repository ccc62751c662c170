/** How a question to the server stands: waiting, refused, or answered. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Refused } from "../api/client";
import { useT } from "../i18n";
import { Text } from "./Text";

export function Answer<T>({
  of,
  children,
}: {
  of: UseQueryResult<T>;
  children: (data: T) => ReactNode;
}) {
  const t = useT();
  if (of.data !== undefined) {
    return (
      <>
        {of.error && <Trouble error={of.error} />}
        {children(of.data)}
      </>
    );
  }
  if (of.error) return <Trouble error={of.error} again={() => void of.refetch()} />;
  return (
    <p className="waiting" role="status">
      {t("loading")}
    </p>
  );
}

export function Trouble({ error, again }: { error: unknown; again?: () => void }) {
  const t = useT();
  const message = error instanceof Error ? error.message : String(error);
  const mend = error instanceof Refused ? error.mend : "";
  return (
    <div className="trouble" role="alert">
      <strong>
        <Text value={message} most={1000} />
      </strong>
      {mend && (
        <p>
          <Text value={mend} most={1000} />
        </p>
      )}
      {again && (
        <button type="button" onClick={again}>
          {t("again")}
        </button>
      )}
    </div>
  );
}
