/**
 * Asks the server and nothing else. Addresses are relative to the page, so a prefix needs no setting.
 * A refusal becomes a `Refused` with the server's own sentence; there is no other kind of error.
 */
import type { Fault, Session } from "./types";

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly mend: string,
    readonly faults: Fault[],
  ) {
    super(message);
    this.name = "Refused";
  }
}

type Told = { error?: { message?: string; mend?: string; faults?: Fault[] } };

let csrf = "";

/** Who we are here, and the token that every change must carry. */
export async function session(): Promise<Session> {
  const said = await get<Session>("session");
  csrf = said.csrf;
  return said;
}

export function get<T>(path: string, query: Record<string, string | number> = {}): Promise<T> {
  const asked = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]));
  const tail = asked.toString();
  return ask<T>(`api/${path}${tail ? `?${tail}` : ""}`, {
    headers: { accept: "application/json" },
  });
}

export function post<T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  return ask<T>(`api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-munshi-csrf": csrf },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

export function remove<T>(path: string): Promise<T> {
  return ask<T>(`api/${path}`, { method: "DELETE", headers: { "x-munshi-csrf": csrf } });
}

/** The part of an address that names an Experiment or one of its trials. */
export function at(namespace: string, name: string, ...rest: string[]): string {
  return ["experiments", namespace, name, ...rest].map(encodeURIComponent).join("/");
}

async function ask<T>(address: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(address, { credentials: "same-origin", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Refused(0, "munshi does not answer", "Is munshi ui still running?", []);
  }
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return body as T;
  const told = (body as Told | null)?.error;
  throw new Refused(
    answer.status,
    told?.message ?? `The server answered ${answer.status} ${answer.statusText}`.trim(),
    told?.mend ?? "",
    told?.faults ?? [],
  );
}
