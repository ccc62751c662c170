import { describe, expect, it } from "vitest";
import type { Row, Trials } from "../src/api/types";
import { columnsOf, filtered, sorted } from "../src/facts/columns";
import { chosen, ordered } from "../src/pages/experiments/rows";

const TRIALS: Trials = {
  version: 1,
  parameters: ["lr", "act"],
  metrics: ["acc"],
  rows: 4,
  name: ["t0", "t1", "t2", "t10"],
  index: [0, 1, 2, 3],
  type: ["Succeeded", "Failed", "Succeeded", "EarlyStopped"],
  reason: ["", "OOM", "", ""],
  message: ["", "", "", ""],
  started: [null, null, null, null],
  completed: [null, null, null, null],
  values: { lr: ["0.1", "0.02", "1e-3", null], act: ["relu", "tanh", "relu", "tanh"] },
  observed: { acc: { latest: [0.5, null, 0.9, 0.7], min: [], max: [] } },
  objective: [0.5, null, 0.9, 0.7],
};
const columns = columnsOf(TRIALS, "acc");
const all = [0, 1, 2, 3];
const by = (id: string, down = false) =>
  sorted(
    all,
    columns.find((c) => c.id === id),
    down,
  );

describe("the trials", () => {
  it("have the metrics and parameters as columns, the objective first", () => {
    expect(columns.map((c) => c.id).slice(0, 6)).toEqual([
      "index",
      "name",
      "status",
      "metric:acc",
      "parameter:lr",
      "parameter:act",
    ]);
  });
  it("are ordered by number, with what is absent last either way", () => {
    expect(by("parameter:lr")).toEqual([2, 1, 0, 3]);
    expect(by("parameter:lr", true)).toEqual([0, 1, 2, 3]);
    expect(by("metric:acc", true)).toEqual([2, 3, 0, 1]);
  });
  it("are ordered by name as people count", () => {
    expect(by("name")).toEqual([0, 1, 2, 3]);
  });
  it("are filtered by words and by comparisons, all of which must hold", () => {
    expect(filtered(all, columns, "relu")).toEqual([0, 2]);
    expect(filtered(all, columns, "lr<=0.02")).toEqual([1, 2]);
    expect(filtered(all, columns, "status!=Succeeded act=tanh")).toEqual([1, 3]);
    expect(filtered(all, columns, "acc>0.6 lr>0")).toEqual([2]);
    expect(filtered(all, columns, " ")).toEqual(all);
  });
});

describe("the Experiments", () => {
  const row = (name: string, given: Partial<Row>): Row =>
    ({
      namespace: "default",
      name,
      type: "Running",
      algorithm: "tpe",
      best: null,
      created: null,
      objective: { type: "maximize", metric: "acc", goal: null },
      ...given,
    }) as Row;
  const rows = [
    row("a", { best: { trial: "x", value: 2 } }),
    row("b", { namespace: "other", type: "Failed" }),
    row("zeta", { best: { trial: "x", value: 3 } }),
  ];
  it("are found by words in any order, by state and by namespace", () => {
    const names = (search: string, state = "", namespace = "") =>
      chosen(rows, { search, state, namespace }).map((one) => one.name);
    expect(names("TPE zeta")).toEqual(["zeta"]);
    expect(names("", "Failed")).toEqual(["b"]);
    expect(names("", "", "default")).toEqual(["a", "zeta"]);
  });
  it("are ordered by their best, those without one last either way", () => {
    expect(ordered(rows, "best", true, 0).map((one) => one.name)).toEqual(["zeta", "a", "b"]);
    expect(ordered(rows, "best", false, 0).map((one) => one.name)).toEqual(["a", "zeta", "b"]);
  });
});
