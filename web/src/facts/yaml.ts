/** Settings in the three forms people paste: YAML, JSON, command line. */

/** A YAML mapping of texts; quoted where YAML would read something else than this text. */
export function asYaml(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${scalar(name)}: ${scalar(value)}`)
    .join("\n");
}

function scalar(text: string): string {
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) return text;
  if (/^[A-Za-z_][\w./-]*$/.test(text) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(text))
    return text;
  return JSON.stringify(text);
}

/** JSON with numbers as numbers, written exactly as they are in the ledger. */
export function asJson(values: Record<string, string>): string {
  const lines = Object.entries(values).map(([name, value]) => {
    const bare = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(value);
    return `  ${JSON.stringify(name)}: ${bare ? value : JSON.stringify(value)}`;
  });
  return `{\n${lines.join(",\n")}\n}`;
}

/** `--name=value`, quoted for a POSIX shell. */
export function asArgs(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      const word = `--${name}=${value}`;
      return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
    })
    .join(" ");
}
