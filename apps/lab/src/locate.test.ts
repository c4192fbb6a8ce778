import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { locateStudy, onlyStudy, studiesBelow } from "./locate.ts";

const checkout = mkdtempSync(join(tmpdir(), "sluice-locate-"));
const paths = ["long-sequence/digits", "long-sequence/adding", "irregular-sequence/events", "other/adding"];

beforeAll(() => {
  for (const path of paths) {
    const module = join(checkout, "experiments", path, "study.ts");
    mkdirSync(dirname(module), { recursive: true });
    writeFileSync(module, "");
  }
});
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

test("a study is found by its short name, its path below experiments/, its folder and its file", () => {
  const module = join(checkout, "experiments/long-sequence/digits/study.ts");
  expect(locateStudy("digits", checkout).module).toBe(module);
  expect(locateStudy("long-sequence/digits", join(checkout, "experiments/other")).module).toBe(module);
  expect(locateStudy("experiments/long-sequence/digits", checkout).module).toBe(module);
  expect(locateStudy(module, checkout).module).toBe(module);
});

test("an unknown name is answered with the nearest known one", () => {
  expect(() => locateStudy("studies/digts.ts", checkout)).toThrow(
    `study "studies/digts.ts": there is no such file in ${checkout}. Give the path`,
  );
  expect(() => locateStudy("digts", checkout)).toThrow('unknown study "digts": did you mean "digits"?');
  expect(() => locateStudy("zebra-crossing", checkout)).toThrow(
    "known: irregular-sequence/events, long-sequence/adding",
  );
});

test("a name that two studies share asks for the longer one", () => {
  expect(() => locateStudy("adding", checkout)).toThrow("ambiguous: long-sequence/adding, other/adding");
});

test("all studies are listed", () => {
  expect(
    studiesBelow(join(checkout, "experiments"))
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...paths].sort());
});

test("a project outside a checkout: study.js, files of studies/ with a default export, and folders of studies/", () => {
  const project = mkdtempSync(join(tmpdir(), "sluice-project-"));
  const write = (path: string, text = "export default study({});"): void => {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  };
  try {
    expect(() => onlyStudy(project)).toThrow("no study is given, and there is no");
    write("package.json", "{}");
    write("study.js");
    expect(onlyStudy(join(project))).toEqual({ name: "study", module: join(project, "study.js") });
    write("studies/rates.ts");
    write("studies/rates.test.ts");
    write("studies/model.ts", "export const model = 1;");
    write("studies/events/study.mjs", "const one = study({}); export { one as default };");
    expect(studiesBelow(join(project, "studies")).map(({ name }) => name)).toEqual(["events", "rates", "study"]);
    expect(locateStudy("rates", project).module).toBe(join(project, "studies/rates.ts"));
    expect(locateStudy("events", project).module).toBe(join(project, "studies/events/study.mjs"));
    expect(() => locateStudy("rats", project)).toThrow('did you mean "rates"?');
    expect(() => onlyStudy(project)).toThrow("more than one: events, rates, study. Give the name of one.");
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
});
