import { describe, expect, it } from "vitest";
import { appended, found, KEPT, linesOf, NOTHING, pieces } from "../src/pages/trial/lines";

const part = (from: number, text: string, ended = false) => ({
  from,
  to: from + text.length,
  size: from + text.length,
  ended,
  text,
});

describe("a log", () => {
  it("grows by the parts that follow", () => {
    const log = appended(appended(NOTHING, part(10, "abc")), part(13, "def", true));
    expect([log.text, log.from, log.to, log.ended]).toEqual(["abcdef", 10, 16, true]);
  });
  it("begins anew with a part that does not follow", () => {
    expect(appended(appended(NOTHING, part(0, "abc")), part(50, "xyz")).text).toBe("xyz");
  });
  it("keeps its end when it gets too long, and knows where that begins", () => {
    const log = appended(appended(NOTHING, part(0, "x".repeat(KEPT))), part(KEPT, "yy"));
    expect([log.text.length, log.from, log.text.endsWith("xyy")]).toEqual([KEPT, 2, true]);
  });
});

describe("lines", () => {
  it("show what a carriage return wrote last, without colours", () => {
    expect(linesOf("10%\r50%\r100%\nnext\r\n\u001b[1mbold\u001b[0m\n")).toEqual([
      "100%",
      "next",
      "bold",
    ]);
  });
  it("are found whatever their case, and cut at the finds", () => {
    expect(found(["Error here", "fine", "an ERROR"], "error")).toEqual([0, 2]);
    expect(pieces("an Error, error", "error")).toEqual(["an ", "Error", ", ", "error", ""]);
    expect(pieces("anything", "")).toEqual(["anything"]);
  });
});
