// A stand-in for munshi's server with made-up Experiments, among them one of 10,000 trials and one with
// hostile names. For work on the pages only; it is not shipped. `npm run fixture`, then `npm run dev`;
// it also serves what `npm run build` made, with the policy of the real server.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { experiments, HOSTILE, logOf, seriesOf, trialsOf } from "./data.mjs";

const port = Number(process.env.PORT ?? 8399);
const folder = new URL("../../src/munshi/web/static/", import.meta.url).pathname;
const kinds = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const watchers = new Set();
const row = ({ trials: _t, ...rest }) => rest;

function tell(namespace, name) {
  const data = JSON.stringify({ kind: "trial", namespace, name, version: Date.now() });
  for (const watcher of watchers) watcher.write(`event: change\ndata: ${data}\n\n`);
}

const routes = [
  [
    "GET",
    /^session$/,
    () => ({
      version: "0.1.0",
      place: "this machine",
      can: { create: true, act: true },
      csrf: "x",
    }),
  ],
  ["GET", /^experiments$/, () => ({ version: 1, items: experiments.map(row) })],
  ["POST", /^experiments$/, () => ({ namespace: "default", name: "digits" })],
  [
    "GET",
    /^algorithms$/,
    () => [
      {
        name: "random",
        summary: "Draws every point by chance.",
        settings: [
          { name: "random_state", meaning: "The seed", limits: "0 or more", default: null },
        ],
      },
      {
        name: "tpe",
        summary: "Proposes where good trials are dense.",
        settings: [
          {
            name: "gamma",
            meaning: "The part that counts as good",
            limits: "0..1",
            default: "0.25",
          },
        ],
      },
    ],
  ],
  [
    "GET",
    /^schema$/,
    () => ({
      type: "object",
      properties: {
        kind: { const: "Experiment" },
        spec: {
          type: "object",
          description: "What is wanted",
          properties: {
            objective: {
              type: "object",
              properties: { type: { enum: ["maximize", "minimize"] }, goal: { type: "number" } },
            },
            algorithm: { type: "object", properties: { algorithmName: { type: "string" } } },
          },
        },
      },
    }),
  ],
  [
    "POST",
    /^validate$/,
    (_m, body) => ({
      faults: /maximise/.test(body.yaml)
        ? [
            {
              path: "spec.objective.type",
              line: 1 + body.yaml.split("\n").findIndex((l) => /maximise/.test(l)),
              column: 11,
              problem: '"maximise" is not known',
              mend: 'say "maximize" or "minimize"',
            },
          ]
        : [],
      notes: [],
      experiment: null,
    }),
  ],
  [
    "POST",
    /^render$/,
    () => ({ job: "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: trial-0\n" }),
  ],
  ["GET", /^experiments\/([^/]+)\/([^/]+)$/, (_m, _b, e) => row(e)],
  ["GET", /^experiments\/([^/]+)\/([^/]+)\/trials$/, (_m, _b, e) => trialsOf(e)],
  [
    "GET",
    /^experiments\/([^/]+)\/([^/]+)\/importance$/,
    (_m, _b, e) => ({
      method: "PED-ANOVA",
      source: "Watanabe et al., 2023",
      trials: e.counts.succeeded,
      importances: Object.fromEntries(e.parameters.map((p, i) => [p.name, 0.6 ** (i + 1)])),
      said: null,
    }),
  ],
  [
    "GET",
    /^experiments\/([^/]+)\/([^/]+)\/curves$/,
    (_m, _b, e) => {
      const t = trialsOf(e);
      const some = t.name.filter((_, i) => t.rows < 2000 || i % 10 === 0);
      return {
        metric: "accuracy",
        thinned: t.rows >= 2000,
        said: t.rows >= 2000 ? `${some.length} of ${t.rows} trials` : "",
        curves: Object.fromEntries(some.map((n) => [n, seriesOf(n).map(([s, , v]) => [s, v])])),
      };
    },
  ],
  [
    "GET",
    /^experiments\/([^/]+)\/([^/]+)\/events$/,
    (_m, _b, e) => ({
      items: trialsOf(e)
        .name.slice(0, 400)
        .map((n, i) => ({
          time: e.started,
          object: n,
          kind: "Trial",
          reason: i % 17 ? "TrialCreated" : "TrialFailed",
          message: i % 17 ? `Trial ${n} was created: 3 may run, 2 do.` : `exit code 1 ${HOSTILE}`,
          warning: i % 17 === 0,
        })),
    }),
  ],
  [
    "GET",
    /^experiments\/([^/]+)\/([^/]+)\/trials\/([^/]+)$/,
    (m, _b, e) => {
      const t = trialsOf(e);
      const i = t.name.indexOf(decodeURIComponent(m[3]));
      if (i < 0) return null;
      return {
        name: t.name[i],
        uid: `u${i}`,
        index: t.index[i],
        type: t.type[i],
        reason: t.reason[i],
        message: t.message[i],
        started: t.started[i],
        completed: t.completed[i],
        assignments: Object.fromEntries(t.parameters.map((p) => [p, t.values[p][i]])),
        observation: { accuracy: { latest: t.objective[i], min: 0.1, max: t.objective[i] } },
        conditions: e.conditions,
        rules: [],
        yaml: "kind: Trial\n",
        job: `kind: Job\nmetadata:\n  name: ${t.name[i]}\n`,
        rerun: `munshi rerun ${t.name[i]}`,
        events: [],
      };
    },
  ],
  [
    "GET",
    /^experiments\/([^/]+)\/([^/]+)\/trials\/([^/]+)\/metrics$/,
    (m) => ({
      metrics: {
        accuracy: { thinned: true, count: 5000, points: seriesOf(decodeURIComponent(m[3])) },
        loss: {
          thinned: false,
          count: 60,
          points: seriesOf(decodeURIComponent(m[3])).map(([s, t, v]) => [s, t, 1 - v]),
        },
      },
    }),
  ],
  [
    "GET",
    /^experiments\/([^/]+)\/([^/]+)\/trials\/([^/]+)\/log$/,
    (m, _b, _e, query) => logOf(decodeURIComponent(m[3]), Number(query.get("from") ?? 0)),
  ],
  [
    "POST",
    /^experiments\/([^/]+)\/([^/]+)\/(stop|suspend|resume|restart)$/,
    (m, _b, e) => {
      e.type = { stop: "Failed", suspend: "Suspended", resume: "Running", restart: "Running" }[
        m[3]
      ];
      tell(e.namespace, e.name);
      return { said: `${e.name}: ${m[3]} is done.` };
    },
  ],
  [
    "DELETE",
    /^experiments\/([^/]+)\/([^/]+)$/,
    (_m, _b, e) => {
      experiments.splice(experiments.indexOf(e), 1);
      tell(e.namespace, e.name);
      return { said: `${e.name} is deleted.` };
    },
  ],
];

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://x");
  if (!url.pathname.startsWith("/api/")) return file(url.pathname, response);
  const path = url.pathname.slice(5);
  if (path === "changes") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(": hello\n\n");
    watchers.add(response);
    request.on("close", () => watchers.delete(response));
    return undefined;
  }
  let text = "";
  for await (const part of request) text += part;
  for (const [method, pattern, make] of routes) {
    const match = pattern.exec(path);
    if (!match || method !== request.method) continue;
    const named =
      match[1] &&
      experiments.find(
        (e) =>
          e.namespace === decodeURIComponent(match[1]) && e.name === decodeURIComponent(match[2]),
      );
    if (match[1] && !named) break;
    const body = make(match, text ? JSON.parse(text) : {}, named, url.searchParams);
    if (body !== null) return answer(response, 200, body);
  }
  return answer(response, 404, {
    error: { message: "There is no such thing here.", mend: "", faults: [] },
  });
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));

function file(path, response) {
  const name = join(folder, normalize(path === "/" ? "/index.html" : path));
  if (!name.startsWith(folder) || !existsSync(name)) return answer(response, 404, {});
  response.writeHead(200, {
    "content-type": kinds[extname(name)] ?? "application/octet-stream",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  });
  return createReadStream(name).pipe(response);
}

setInterval(() => {
  for (const e of experiments.filter((one) => one.type === "Running")) tell(e.namespace, e.name);
}, 2000);
