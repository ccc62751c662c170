// Made-up Experiments, the same on every start.
export const HOSTILE =
  '<script>alert(1)</script><img src=x onerror=alert(2)>\u202Eevil\u202C\u0000"&amp;';

let seed = 7;
const chance = () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
};
const START = Date.now() - 3_600_000;
const at = (s) => new Date(START + s * 1000).toISOString();

function experiment(name, count, dimensions, given = {}) {
  const parameters = [
    {
      name: "lr",
      type: "double",
      min: "0.0001",
      max: "0.1",
      step: null,
      list: null,
      distribution: "logUniform",
    },
    {
      name: "activation",
      type: "categorical",
      min: null,
      max: null,
      step: null,
      list: ["relu", "tanh", "logistic"],
      distribution: "uniform",
    },
    {
      name: "hidden",
      type: "int",
      min: "8",
      max: "64",
      step: null,
      list: null,
      distribution: "uniform",
    },
    ...Array.from({ length: Math.max(0, dimensions - 3) }, (_, i) => ({
      name: `p${i}`,
      type: "double",
      min: "0",
      max: "1",
      step: null,
      list: null,
      distribution: "uniform",
    })),
  ].slice(0, dimensions);
  const e = {
    namespace: "default",
    name,
    uid: `uid-${name}`,
    created: at(0),
    started: at(1),
    completed: null,
    type: "Running",
    reason: "ExperimentRunning",
    message: "Trials are running.",
    algorithm: "tpe",
    objective: { type: "maximize", metric: "accuracy", goal: 0.99 },
    counts: {
      total: count,
      running: 0,
      pending: 0,
      succeeded: 0,
      failed: 0,
      killed: 0,
      earlyStopped: 0,
      metricsUnavailable: 0,
    },
    max_trials: count,
    parallel: 3,
    best: null,
    sparkline: [],
    eta_s: 95,
    parameters,
    metrics: ["accuracy", "loss"],
    best_assignments: null,
    best_args: null,
    conditions: [
      {
        type: "Created",
        status: "True",
        reason: "ExperimentCreated",
        message: "Experiment is created",
        time: at(0),
      },
      {
        type: "Running",
        status: "True",
        reason: "ExperimentRunning",
        message: "Trials are running.",
        time: at(1),
      },
    ],
    yaml: `apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata:\n  name: ${name}\n  uid: u1\nspec:\n  maxTrialCount: ${count}\n`,
    suggestion: null,
    ...given,
  };
  e.trials = trials(e, count);
  return e;
}

function trials(e, count) {
  const t = {
    version: 1,
    parameters: e.parameters.map((p) => p.name),
    metrics: e.metrics,
    rows: count,
    name: [],
    index: [],
    type: [],
    reason: [],
    message: [],
    started: [],
    completed: [],
    values: Object.fromEntries(e.parameters.map((p) => [p.name, []])),
    observed: Object.fromEntries(e.metrics.map((m) => [m, { latest: [], min: [], max: [] }])),
    objective: [],
  };
  let best = null;
  for (let i = 0; i < count; i += 1) {
    const u = e.parameters.map(() => chance());
    const r = chance();
    const running = i >= count - 3 && e.completed === null;
    const type = running ? "Running" : r < 0.04 ? "Failed" : r < 0.2 ? "EarlyStopped" : "Succeeded";
    const learned = 1 - 0.5 * Math.exp((-3 * i) / count);
    const value =
      type === "Failed" || running
        ? null
        : Number(
            (
              learned * (0.95 - 0.6 * (u[0] - 0.6) ** 2 - 0.15 * (u[2] ?? 0.5)) +
              0.02 * chance()
            ).toFixed(5),
          );
    t.name.push(
      i === 2 && e.name.startsWith("hostile")
        ? HOSTILE
        : `${e.name}-${(i * 7919 + 10007).toString(36)}`,
    );
    t.index.push(i);
    t.type.push(type);
    t.reason.push(`Trial${type}`);
    t.message.push(
      type === "Failed"
        ? "The program ended with exit code 1: MemoryError"
        : type === "EarlyStopped"
          ? "accuracy 0.31 at step 4 is below the median 0.42"
          : "",
    );
    t.started.push(at(2 + Math.floor(i / 3) * (3500 / Math.max(12, count / 3))));
    t.completed.push(
      running
        ? null
        : at(
            2 +
              Math.floor(i / 3) * (3500 / Math.max(12, count / 3)) +
              (3500 / Math.max(12, count / 3)) * (0.5 + 0.5 * chance()),
          ),
    );
    e.parameters.forEach((p, k) => {
      t.values[p.name].push(
        p.list
          ? p.list[Math.floor(u[k] * p.list.length)]
          : p.type === "int"
            ? String(8 + Math.floor(u[k] * 56))
            : p.distribution === "logUniform"
              ? String(10 ** (-4 + 3 * u[k]))
              : String(u[k]),
      );
    });
    for (const m of e.metrics) {
      const v =
        value === null
          ? null
          : m === "accuracy"
            ? value
            : Number((1.2 - value + 0.2 * chance()).toFixed(5));
      t.observed[m].latest.push(v);
      t.observed[m].min.push(v);
      t.observed[m].max.push(v);
    }
    t.objective.push(value);
    const key = {
      Failed: "failed",
      EarlyStopped: "earlyStopped",
      Succeeded: "succeeded",
      Running: "running",
    }[type];
    e.counts[key] += 1;
    if (value !== null && (best === null || value > best.value)) {
      best = { trial: t.name[i], value, i };
    }
    if (i % Math.ceil(count / 50) === 0) e.sparkline.push(best?.value ?? null);
  }
  if (best) {
    e.best = { trial: best.trial, value: best.value };
    e.best_assignments = Object.fromEntries(
      e.parameters.map((p) => [p.name, t.values[p.name][best.i]]),
    );
    e.best_args = Object.entries(e.best_assignments)
      .map(([k, v]) => `--${k}=${v}`)
      .join(" ");
  }
  return t;
}

export const experiments = [
  experiment("digits", 60, 3),
  experiment("wide", 10_000, 10, {
    type: "Succeeded",
    completed: at(3500),
    message: "maxTrialCount is reached.",
  }),
  experiment("hostile", 12, 3, {
    namespace: "other",
    objective: { type: "maximize", metric: `${HOSTILE}`, goal: null },
    message: HOSTILE,
  }),
  experiment("a-much-longer-name-than-one-would-like", 200, 4, { type: "Suspended" }),
  experiment("failing", 4, 2, {
    type: "Failed",
    completed: at(400),
    message: "3 trials failed; maxFailedTrialCount is 3",
  }),
];

export const trialsOf = (e) => e.trials;

export function seriesOf(name) {
  const own = [...name].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 997, 1) / 997;
  const steps = own < 0.2 ? 8 : 60;
  return Array.from({ length: steps }, (_, i) => [
    i,
    at(i),
    Number((0.95 - 0.8 * Math.exp(-i / (5 + 20 * own)) - 0.1 * own).toFixed(5)),
  ]);
}

const printed = Array.from({ length: 6000 }, (_, i) =>
  i % 500 === 3
    ? HOSTILE
    : `epoch=${i} accuracy=${(1 - 1 / (i + 2)).toFixed(4)} \u001b[32mok\u001b[0m`,
).join("\n");

export function logOf(_name, from) {
  const bytes = Buffer.from(printed);
  const start = from < 0 ? Math.max(0, bytes.length + from) : Math.min(from, bytes.length);
  const end = Math.min(bytes.length, start + 262_144);
  return {
    from: start,
    to: end,
    size: bytes.length,
    ended: true,
    text: bytes.subarray(start, end).toString(),
  };
}
