import { parseDocument } from "yaml";

/** Fields that the server wrote into the object and that a copy must not have. */
const OWNED = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "managedFields",
  "finalizers",
];

/** The YAML of an Experiment as the beginning of another: no status, no marks of the server, a new name. */
export function copyOf(yaml: string): string {
  const doc = parseDocument(yaml);
  if (doc.errors.length > 0) return yaml;
  if (doc.hasIn(["status"])) doc.deleteIn(["status"]);
  for (const field of OWNED) {
    if (doc.hasIn(["metadata", field])) doc.deleteIn(["metadata", field]);
  }
  const name = doc.getIn(["metadata", "name"]);
  if (typeof name === "string") doc.setIn(["metadata", "name"], nextName(name));
  return doc.toString({ lineWidth: 0 });
}

/** digits → digits-2 → digits-3; at most forty characters, as names of Experiments are. */
export function nextName(name: string): string {
  const match = /^(.*)-(\d{1,4})$/.exec(name);
  const [stem, n] = match ? [match[1] as string, Number(match[2]) + 1] : [name, 2];
  const tail = `-${n}`;
  return `${stem.slice(0, 40 - tail.length)}${tail}`;
}
