/**
 * The form's view of an Experiment's YAML. The text stays the truth: the form reads what it knows out of it
 * and writes single places back, so comments and everything the form does not know are kept.
 */
import { type Document, isSeq, parseDocument } from "yaml";

export type ParameterForm = {
  name: string;
  type: string;
  min: string;
  max: string;
  step: string;
  list: string;
  distribution: string;
};

export type Form = {
  name: string;
  namespace: string;
  objectiveType: string;
  metric: string;
  goal: string;
  additional: string;
  algorithm: string;
  settings: { name: string; value: string }[];
  early: string;
  parallel: string;
  max: string;
  maxFailed: string;
  parameters: ParameterForm[];
  /** null when the template is no Job with a container, which the form cannot show. */
  image: string | null;
  command: string | null;
};

type Raw = Record<string, unknown>;
const record = (value: unknown): Raw =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Raw) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string =>
  value === null || value === undefined ? "" : String(value);

const CONTAINER = [
  "spec",
  "trialTemplate",
  "trialSpec",
  "spec",
  "template",
  "spec",
  "containers",
  0,
];

export function open(source: string): Document.Parsed | null {
  const doc = parseDocument(source);
  return doc.errors.length === 0 && record(doc.toJS()).kind !== undefined ? doc : null;
}

export function readForm(doc: Document.Parsed): Form {
  const root = record(doc.toJS());
  const spec = record(root.spec);
  const meta = record(root.metadata);
  const objective = record(spec.objective);
  const algorithm = record(spec.algorithm);
  const trial = record(record(spec.trialTemplate).trialSpec);
  const container = list(record(record(record(trial.spec).template).spec).containers)[0];
  const job = trial.kind === "Job" && container !== undefined;
  return {
    name: text(meta.name),
    namespace: text(meta.namespace),
    objectiveType: text(objective.type),
    metric: text(objective.objectiveMetricName),
    goal: text(objective.goal),
    additional: list(objective.additionalMetricNames).map(text).join(", "),
    algorithm: text(algorithm.algorithmName),
    settings: list(algorithm.algorithmSettings).map((one) => ({
      name: text(record(one).name),
      value: text(record(one).value),
    })),
    early: text(record(spec.earlyStopping).algorithmName),
    parallel: text(spec.parallelTrialCount),
    max: text(spec.maxTrialCount),
    maxFailed: text(spec.maxFailedTrialCount),
    parameters: list(spec.parameters).map((one) => {
      const { name, parameterType, feasibleSpace } = record(one);
      const space = record(feasibleSpace);
      return {
        name: text(name),
        type: text(parameterType),
        min: text(space.min),
        max: text(space.max),
        step: text(space.step),
        list: list(space.list).map(text).join(", "),
        distribution: text(space.distribution),
      };
    }),
    image: job ? text(record(container).image) : null,
    command: job
      ? [...list(record(container).command), ...list(record(container).args)].map(text).join("\n")
      : null,
  };
}

const PLACES = {
  name: ["metadata", "name"],
  namespace: ["metadata", "namespace"],
  objectiveType: ["spec", "objective", "type"],
  metric: ["spec", "objective", "objectiveMetricName"],
  algorithm: ["spec", "algorithm", "algorithmName"],
  early: ["spec", "earlyStopping", "algorithmName"],
  image: [...CONTAINER, "image"],
} as const;
const NUMBERS = {
  goal: ["spec", "objective", "goal"],
  parallel: ["spec", "parallelTrialCount"],
  max: ["spec", "maxTrialCount"],
  maxFailed: ["spec", "maxFailedTrialCount"],
} as const;

/** One change of the form, written to its place in the text. */
export function writeForm(doc: Document.Parsed, change: Partial<Form>): string {
  for (const [key, path] of Object.entries(PLACES)) {
    const value = change[key as keyof typeof PLACES];
    if (value !== undefined && value !== null) put(doc, path, value === "" ? undefined : value);
  }
  if (change.early === "") doc.deleteIn(["spec", "earlyStopping"]);
  for (const [key, path] of Object.entries(NUMBERS)) {
    const value = change[key as keyof typeof NUMBERS];
    if (value !== undefined) put(doc, path, numberOrText(value));
  }
  if (change.additional !== undefined) {
    const names = words(change.additional);
    put(doc, ["spec", "objective", "additionalMetricNames"], names.length ? names : undefined);
  }
  if (change.settings !== undefined) {
    const kept = change.settings.filter((one) => one.value !== "");
    put(doc, ["spec", "algorithm", "algorithmSettings"], kept.length ? kept : undefined);
  }
  if (change.parameters !== undefined) writeParameters(doc, change.parameters);
  if (change.command !== undefined && change.command !== null) {
    put(
      doc,
      [...CONTAINER, "command"],
      change.command.split("\n").filter((line) => line !== ""),
    );
    doc.deleteIn([...CONTAINER, "args"]);
  }
  return doc.toString({ lineWidth: 0 });
}

function put(doc: Document.Parsed, path: readonly unknown[], value: unknown): void {
  if (value === undefined) {
    if (doc.hasIn(path)) doc.deleteIn(path);
    return;
  }
  doc.setIn(path, typeof value === "object" ? doc.createNode(value) : value);
}

function numberOrText(value: string): unknown {
  if (value === "") return undefined;
  return Number.isFinite(Number(value)) ? Number(value) : value;
}

function words(value: string): string[] {
  return value
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

/** Also keeps `trialParameters` in step: each parameter has one of its own name, unless it had another. */
function writeParameters(doc: Document.Parsed, parameters: ParameterForm[]): void {
  put(doc, ["spec", "parameters"], parameters.map(parameterOf));
  const path = ["spec", "trialTemplate", "trialParameters"];
  const before = doc.getIn(path);
  const known = isSeq(before) ? (before.toJSON() as Raw[]) : [];
  const named = new Set(parameters.map((one) => one.name));
  const kept = known.filter(
    (one) => named.has(text(one.reference)) || text(one.reference).includes("$"),
  );
  const referenced = new Set(kept.map((one) => text(one.reference)));
  const added = parameters
    .filter((one) => one.name && !referenced.has(one.name))
    .map((one) => ({ name: one.name, reference: one.name }));
  put(doc, path, [...kept, ...added]);
}

function parameterOf({ name, type, ...space }: ParameterForm): Raw {
  const listed = type === "discrete" || type === "categorical";
  const entries = listed
    ? [["list", words(space.list)]]
    : [
        ["min", space.min],
        ["max", space.max],
        ["step", space.step],
        ["distribution", space.distribution],
      ];
  return {
    name,
    parameterType: type,
    feasibleSpace: Object.fromEntries(entries.filter(([, value]) => value !== "")),
  };
}
