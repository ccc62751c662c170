import { describe, expect, it } from "vitest";
import { offers, type Schema, spotAt } from "../src/pages/create/complete";
import { copyOf, nextName } from "../src/pages/create/copy";
import { open, readForm, writeForm } from "../src/pages/create/form";
import { STARTER } from "../src/pages/create/starter";

const at = (text: string) => spotAt(text.replace("|", ""), text.indexOf("|"));

describe("the place of the cursor", () => {
  const cases: Record<string, [string, string[], string | null, string]> = {
    "at the top": ["kin|", [], null, "kin"],
    "in a mapping": ["spec:\n  objective:\n    ty|", ["spec", "objective"], null, "ty"],
    "back out of a deeper mapping": [
      "spec:\n  objective:\n    type: maximize\n  al|",
      ["spec"],
      null,
      "al",
    ],
    "at a value": ["spec:\n  objective:\n    type: max|", ["spec", "objective"], "type", "max"],
    "in an item": [
      "spec:\n  parameters:\n    - name: lr\n      par|",
      ["spec", "parameters", "[]"],
      null,
      "par",
    ],
    "in an item whose dash stands under its owner": [
      "spec:\n  parameters:\n  - name: lr\n    par|",
      ["spec", "parameters", "[]"],
      null,
      "par",
    ],
    "beginning an item": [
      "spec:\n  parameters:\n    - na|",
      ["spec", "parameters", "[]"],
      null,
      "na",
    ],
    "in a mapping within an item": [
      "parameters:\n  - name: lr\n    feasibleSpace:\n      mi|",
      ["parameters", "[]", "feasibleSpace"],
      null,
      "mi",
    ],
    "past comments and blank lines": ["spec:\n# a note: here\n\n  ma|", ["spec"], null, "ma"],
  };
  it.each(Object.entries(cases))("is known %s", (_name, [text, path, key, word]) => {
    expect(at(text)).toEqual({ path, key, word });
  });
});

describe("completion", () => {
  const root: Schema = {
    properties: { spec: { $ref: "#/$defs/Spec" } },
    $defs: {
      Spec: {
        properties: { objective: { anyOf: [{ $ref: "#/$defs/Objective" }, { type: "null" }] } },
      },
      Objective: {
        type: "object",
        properties: { type: { enum: ["maximize", "minimize"], description: "What is sought" } },
      },
    },
  };
  it("offers the keys of the place, through references and alternatives, with their meaning", () => {
    const [one] = offers(root, { path: ["spec", "objective"], key: null, word: "" });
    expect([one?.label, one?.info, one?.insert]).toEqual(["type", "What is sought", "type: "]);
  });
  it("offers the values of a key", () => {
    const labels = offers(root, { path: ["spec", "objective"], key: "type", word: "" }).map(
      (o) => o.label,
    );
    expect(labels).toEqual(["maximize", "minimize"]);
  });
  it("offers nothing where the schema knows nothing", () => {
    expect(offers(root, { path: ["spec", "nowhere"], key: null, word: "" })).toEqual([]);
  });
});

describe("the form", () => {
  const form = () => readForm(open(STARTER)!);
  it("reads what stands in the YAML", () => {
    expect(form()).toMatchObject({
      name: "my-experiment",
      metric: "accuracy",
      algorithm: "tpe",
      max: "12",
    });
    expect(form().parameters[0]).toMatchObject({
      name: "lr",
      min: "0.0001",
      distribution: "logUniform",
    });
  });
  it("writes one place and keeps comments and all the rest", () => {
    const source = STARTER.replace("  maxTrialCount: 12", "  maxTrialCount: 12 # a night's worth");
    const text = writeForm(open(source)!, { max: "20" });
    expect(text).toBe(source.replace("maxTrialCount: 12", "maxTrialCount: 20"));
  });
  it("keeps trialParameters in step with the parameters", () => {
    const text = writeForm(open(STARTER)!, {
      parameters: [
        ...form().parameters,
        { name: "h", type: "int", min: "1", max: "9", step: "", list: "", distribution: "" },
      ],
    });
    expect(text).toContain("- name: h\n        reference: h");
    expect(readForm(open(text)!).parameters.map((one) => one.name)).toEqual(["lr", "h"]);
  });
  it("writes numbers of the space as text, so that 0.10 stays 0.10", () => {
    const [first] = form().parameters;
    const text = writeForm(open(STARTER)!, { parameters: [{ ...first!, min: "0.10" }] });
    expect(text).toContain('min: "0.10"');
  });
  it("does not open what is no object", () => {
    expect(open("a: [")).toBeNull();
    expect(open("just words")).toBeNull();
  });
});

describe("a copy", () => {
  it("has another name and nothing of the server's", () => {
    const text = copyOf(
      "kind: Experiment\nmetadata:\n  name: digits\n  uid: u1\nspec: {}\nstatus:\n  trials: 3\n",
    );
    expect(text).toBe("kind: Experiment\nmetadata:\n  name: digits-2\nspec: {}\n");
  });
  it("counts on, within forty characters", () => {
    expect(nextName("digits-9")).toBe("digits-10");
    expect(nextName("x".repeat(40))).toHaveLength(40);
  });
});
