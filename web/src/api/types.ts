/** What the server says: the JSON twin of every page, as `api/openapi.json` describes it. */

export type Goal = { type: "maximize" | "minimize"; metric: string; goal: number | null };

export type State = "Created" | "Running" | "Restarting" | "Suspended" | "Succeeded" | "Failed";

export type Counts = {
  total: number;
  running: number;
  pending: number;
  succeeded: number;
  failed: number;
  killed: number;
  earlyStopped: number;
  metricsUnavailable: number;
};

/** One Experiment as a line of the table. Times are RFC 3339. */
export type Row = {
  namespace: string;
  name: string;
  uid: string;
  created: string | null;
  started: string | null;
  completed: string | null;
  type: State | string;
  reason: string;
  message: string;
  algorithm: string;
  objective: Goal;
  counts: Counts;
  max_trials: number | null;
  parallel: number | null;
  best: { trial: string; value: number | null } | null;
  sparkline: (number | null)[];
  eta_s: number | null;
};

export type Parameter = {
  name: string;
  type: "double" | "int" | "discrete" | "categorical" | string;
  min: string | number | null;
  max: string | number | null;
  step: string | number | null;
  list: (string | number)[] | null;
  distribution: string | null;
};

export type Condition = {
  type: string;
  status: string;
  reason: string;
  message: string;
  time: string | null;
};

export type Experiment = Row & {
  parameters: Parameter[];
  metrics: string[];
  best_assignments: Record<string, string> | null;
  best_args: string | null;
  conditions: Condition[];
  yaml: string;
  suggestion: { message: string } | null;
};

export type Reduced = {
  latest: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
};

/** All trials of one Experiment, column by column, ordered by index; every column has `rows` cells. */
export type Trials = {
  version: number | string;
  parameters: string[];
  metrics: string[];
  rows: number;
  name: string[];
  /** Which suggestion it was; null for a trial of unknown origin. */
  index: (number | null)[];
  type: string[];
  reason: string[];
  message: string[];
  started: (string | null)[];
  completed: (string | null)[];
  values: Record<string, (string | null)[]>;
  observed: Record<string, Reduced>;
  objective: (number | null)[];
};

export type Curves = {
  metric: string;
  thinned: boolean;
  said: string;
  curves: Record<string, [number, number | null][]>;
};

export type Importance = {
  method: string;
  source: string;
  trials: number;
  importances: Record<string, number>;
  said: string | null;
};

export type Happening = {
  time: string | null;
  object: string;
  kind: string;
  reason: string;
  message: string;
  warning: boolean;
};

export type Trial = {
  name: string;
  uid: string;
  index: number | null;
  type: string;
  reason: string;
  message: string;
  started: string | null;
  completed: string | null;
  assignments: Record<string, string>;
  observation: Record<string, { latest: number | null; min: number | null; max: number | null }>;
  conditions: Condition[];
  rules: unknown[];
  yaml: string;
  job: string | null;
  rerun: string | null;
  events: Happening[];
};

export type Series = {
  metrics: Record<
    string,
    { thinned: boolean; count: number; points: [number, string | null, number | null][] }
  >;
};

export type LogPart = { from: number; to: number; size: number; ended: boolean; text: string };

export type Fault = {
  path: string;
  line: number | null;
  column: number | null;
  problem: string;
  mend: string;
};

export type Verdict = { faults: Fault[]; notes: (string | Fault)[]; experiment: Row | null };

export type Algorithm = {
  name: string;
  summary: string;
  settings: { name: string; meaning: string; limits: string; default: string | null }[];
};

export type Session = {
  version: string;
  place: string;
  can: { create: boolean; act: boolean };
  csrf: string;
};

export type Change = { kind: "experiment" | "trial"; namespace: string; name: string };
