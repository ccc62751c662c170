import { describe, expect, it } from "vitest";
import { asArgs, asJson, asYaml } from "../src/facts/yaml";
import { csv } from "../src/text/csv";
import { duration, number } from "../src/text/number";
import { clip, plain, withoutColours } from "../src/text/shown";

describe("numbers and durations", () => {
  it("show six significant digits, small ones as powers, and a dash for nothing", () => {
    const cases: [number | null, string][] = [
      [0.1 + 0.2, "0.3"],
      [1e-7, "1e-7"],
      [123456789, "123456789"],
      [0, "0"],
      [-2.5e-9, "-2.5e-9"],
      [Number.NaN, "–"],
      [null, "–"],
    ];
    for (const [value, text] of cases) expect(number(value)).toBe(text);
  });
  it("show two units at most", () => {
    expect([4, 192, 18_600, 187_200, -3, null].map(duration)).toEqual([
      "4s",
      "3m 12s",
      "5h 10m",
      "2d 4h",
      "0s",
      "–",
    ]);
  });
});

describe("hostile text", () => {
  it("has no control and no direction mark left, but keeps its lines", () => {
    expect(plain("a\u0000b\u202Ec\nd\te")).toBe("a⟨U+0000⟩b⟨U+202E⟩c\nd\te");
  });
  it("is cut to what was asked, saying how much is missing, never amid a character", () => {
    expect(clip("x".repeat(1_000_000), 5)).toBe("xxxxx… (+999,995)");
    expect(clip("ab😀cd", 3)).toBe("ab… (+4)");
  });
  it("loses the terminal's colours and titles", () => {
    expect(withoutColours("\u001b[31mred\u001b[0m \u001b]0;title\u0007end")).toBe("red end");
  });
});

describe("a CSV", () => {
  it("quotes commas, quotes and line breaks, and disarms formulas but not negative numbers", () => {
    expect(
      csv(
        ["a", "b"],
        [
          ['x,"y"', -1.5],
          ["=cmd()", null],
          ["-0.5", "l\nm"],
        ],
      ),
    ).toBe('a,b\r\n"x,""y""",-1.5\r\n\'=cmd(),\r\n-0.5,"l\nm"\r\n');
  });
});

describe("settings", () => {
  const settings = { lr: "0.010", name: "it's", on: "true", n: "7", tiny: "1e-05" };
  it("keep their digits in JSON and are valid there", () => {
    expect(asJson(settings)).toContain('"lr": 0.010');
    expect(JSON.parse(asJson(settings))).toEqual({
      lr: 0.01,
      name: "it's",
      on: "true",
      n: 7,
      tiny: 1e-5,
    });
  });
  it("are quoted in YAML where YAML would read something else", () => {
    expect(asYaml(settings)).toBe('lr: 0.010\nname: "it\'s"\n"on": "true"\n"n": 7\ntiny: "1e-05"');
  });
  it("are quoted for the shell", () => {
    expect(asArgs(settings)).toBe("--lr=0.010 '--name=it'\\''s' --on=true --n=7 --tiny=1e-05");
  });
});
