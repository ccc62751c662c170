/**
 * What may be written where the cursor stands: the place in the YAML by its indentation, and that place's
 * schema. Works on text that does not parse, which is what text being written mostly is.
 */

export type Schema = {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  allOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  description?: string;
};

/** `path` names the mapping the cursor is in, `[]` being an item; `key` is set when a value is written. */
export type Spot = { path: string[]; key: string | null; word: string };

type Read = { keyAt: number; dashAt: number | null; key: string | null };

function read(line: string): Read | null {
  const match = /^(\s*)((?:- +)*)(?:([\w$.-]+)\s*:(?:\s|$))?/.exec(line);
  if (!match || /^\s*(#|$)/.test(line)) return null;
  const [, indent = "", dashes = "", key] = match;
  return {
    keyAt: indent.length + dashes.length,
    dashAt: dashes ? indent.length : null,
    key: key ?? null,
  };
}

export function spotAt(text: string, offset: number): Spot {
  const before = text.slice(0, offset).split("\n");
  const current = before.pop() ?? "";
  const here = read(`${current}x`) as Read;
  const value = /^\s*(?:- +)*([\w$.-]+)\s*:\s+(\S*)$/.exec(current);
  const path: string[] = [];
  let want = here.keyAt;
  // After a dash the owner may stand in the dash's own column, as kubectl writes it.
  let same = false;
  if (here.dashAt !== null) {
    path.unshift("[]");
    want = here.dashAt;
    same = true;
  }
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const line = read(before[i] as string);
    if (!line) continue;
    const { keyAt, dashAt, key } = line;
    if (dashAt !== null && keyAt === want && !same) {
      path.unshift("[]");
      want = dashAt;
      same = true;
    } else if (key !== null && (keyAt < want || (same && dashAt === null && keyAt === want))) {
      path.unshift(key);
      want = keyAt;
      same = false;
      if (dashAt !== null) {
        path.unshift("[]");
        want = dashAt;
        same = true;
      }
    }
  }
  const word = value ? (value[2] ?? "") : (/[\w$.-]*$/.exec(current)?.[0] ?? "");
  return { path, key: value ? (value[1] ?? null) : null, word };
}

/** The schema with references followed and alternatives laid over each other. */
function resolved(schema: Schema | undefined, root: Schema, depth = 0): Schema | undefined {
  if (!schema || depth > 12) return schema;
  if (schema.$ref) {
    const target = schema.$ref.startsWith("#/$defs/")
      ? root.$defs?.[schema.$ref.slice("#/$defs/".length)]
      : undefined;
    const { $ref: _, ...own } = schema;
    return { ...resolved(target, root, depth + 1), ...own };
  }
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  if (parts.length === 0) return schema;
  return parts
    .map((part) => resolved(part, root, depth + 1) ?? {})
    .reduce<Schema>(
      (sum, part) => ({
        ...part,
        ...sum,
        ...(sum.properties || part.properties
          ? { properties: { ...part.properties, ...sum.properties } }
          : {}),
        ...(sum.enum || part.enum ? { enum: [...(sum.enum ?? []), ...(part.enum ?? [])] } : {}),
      }),
      { ...schema, anyOf: [], oneOf: [], allOf: [] },
    );
}

export function schemaAt(root: Schema, path: string[]): Schema | undefined {
  let now = resolved(root, root);
  for (const step of path) {
    now = resolved(step === "[]" ? now?.items : now?.properties?.[step], root);
    if (!now) return undefined;
  }
  return now;
}

export type Offer = { label: string; detail: string; info: string; insert: string };

/** Keys for an open place, or the values a key may have. `extra` adds values by the end of the path. */
export function offers(root: Schema, spot: Spot, extra: Record<string, string[]> = {}): Offer[] {
  const here = schemaAt(root, spot.path);
  if (spot.key === null) {
    return Object.entries(here?.properties ?? {}).map(([label, child]) => {
      const kind = resolved(child, root);
      const type = [kind?.type ?? ""].flat().join(" | ");
      const nested = kind?.type === "object" || kind?.type === "array" || kind?.properties;
      return {
        label,
        detail: type,
        info: child.description ?? kind?.description ?? "",
        insert: nested ? `${label}:` : `${label}: `,
      };
    });
  }
  const kind = resolved(here?.properties?.[spot.key], root);
  const values = extra[spot.key] ?? (kind?.const !== undefined ? [kind.const] : (kind?.enum ?? []));
  const booleans = kind?.type === "boolean" ? ["true", "false"] : [];
  return [...values, ...booleans]
    .filter((value) => value !== null)
    .map((value) => ({
      label: String(value),
      detail: "",
      info: "",
      insert: String(value),
    }));
}
