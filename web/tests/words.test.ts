import { describe, expect, it } from "vitest";
import { en } from "../src/i18n/en";
import { ko } from "../src/i18n/ko";
import { parse } from "../src/route";

const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe("the dictionaries", () => {
  it("say the same facts in both languages: no sentence is empty, no hole is lost", () => {
    const keys = Object.keys(en) as (keyof typeof en)[];
    const odd = keys.filter(
      (key) => ko[key].trim() === "" || `${holes(ko[key])}` !== `${holes(en[key])}`,
    );
    expect(odd).toEqual([]);
    expect(Object.keys(ko)).toEqual(keys);
  });
});

describe("an address", () => {
  it("keeps slashes and odd characters within names", () => {
    expect(parse("#/trial/ns/a%2Fb/%3Cx%3E").parts).toEqual(["trial", "ns", "a/b", "<x>"]);
    expect(parse("#/compare?e=a%2Fb&e=c%2Fd").query.getAll("e")).toEqual(["a/b", "c/d"]);
  });
  it("that is damaged is shown as it is, never thrown", () => {
    expect(parse("#/experiment/%E0%A4%A").parts).toEqual(["experiment", "%E0%A4%A"]);
  });
});
