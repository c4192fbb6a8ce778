import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { annotate, folderStore, readAnnotations } from "@sluice/runner";
import { inProcess, planRun, runStudy, withNote, withoutNote, withTags, NO_ANNOTATIONS } from "@sluice/study";
import { afterAll, beforeAll, expect, test } from "vitest";
import line from "../../../../packages/runner/fixtures/line.ts";
import { trialsAt } from "./trial-folders.ts";
import { bits, commandIn, trialFolders } from "../../fixtures/command.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-annotations-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const run = join(scratch, "runs/line/quick");
const written = "2026-03-01T00:00:00.000Z";

beforeAll(async () => {
  const options = { store: folderStore(run), executor: inProcess(), budget: "quick", seeds: 2 };
  await runStudy(await planRun(line, options));
});

test("tags are sorted words, each once; notes have numbers", () => {
  const tagged = withTags(NO_ANNOTATIONS, { add: ["b", "a", "b"] });
  expect(tagged).toEqual({ tags: ["a", "b"], notes: [] });
  expect(withTags(tagged, { add: ["c"], remove: ["a", "x"] }).tags).toEqual(["b", "c"]);
  for (const wrong of ["", "two words", "-x", "a,b", "x".repeat(65)])
    expect(() => withTags(NO_ANNOTATIONS, { add: [wrong] })).toThrow("is no tag; expected a word");
  const noted = withNote(withNote(tagged, { text: " one ", written }), { text: "two", written });
  expect(withoutNote(noted, 1)).toEqual({ tags: ["a", "b"], notes: [{ text: "two", written }] });
  expect(() => withoutNote(noted, 3)).toThrow("there is no note 3; there are 2 notes");
  expect(() => withNote(tagged, { text: " ", written })).toThrow("a note needs a text");
});

test("all of many processes that tag at once have their way, and damage is not written over", async () => {
  const folder = mkdtempSync(join(scratch, "many-"));
  const names = Array.from({ length: 20 }, (_, index) => `t${index}`);
  await Promise.all(names.map((name) => annotate(folder, (before) => withTags(before, { add: [name] }))));
  expect(readAnnotations(folder).tags).toEqual(names.toSorted());
  const path = join(folder, "annotations.json");
  writeFileSync(path, readFileSync(path, "utf8").replace("t7", "t8"));
  const change = annotate(folder, (before) => withTags(before, { add: ["more"] }));
  await expect(change).rejects.toThrow(`${path}: damaged: its content does not match its seal`);
  expect(readFileSync(path, "utf8")).not.toContain("more");
});

test("the commands tag and note runs and trials; list, status and report show it, and no result changes", async () => {
  const { sluice } = commandIn(scratch);
  const before = bits(run);
  const [trial = ""] = trialFolders(run);
  const tagged = await sluice("tag", "runs/line/quick", "paper", "camera-ready");
  expect([tagged.code, tagged.stdout]).toEqual([0, "runs/line/quick: camera-ready, paper\n"]);
  await annotate(trial, (before) => withTags(before, { add: ["outlier"] }));
  const noted = await sluice("note", "runs/line/quick", "Seeds < 5 & more\nare planned.", "--trial", "plain seed 1");
  expect(noted.stdout).toMatch(
    /^low noise \/ plain seed 1: no tags\n {2}1\. 20\d\d-\d\d-\d\d Seeds < 5 & more are planned\.$/m,
  );

  const [list, status, report, removed] = await Promise.all([
    sluice("list", "--tag", "outlier", "--json"),
    sluice("status", "runs/line/quick"),
    sluice("report", "runs/line/quick"),
    sluice("tag", "runs/line/quick", "camera-redy", "--remove"),
  ]);
  expect(JSON.parse(list.stdout)).toMatchObject([
    { name: "line", module: null, runs: [{ name: "runs/line/quick", tags: ["camera-ready", "paper"] }] },
  ]);
  expect(status.stdout).toMatch(
    /^line, quick: 8 done\ntags: camera-ready, paper\n\n(?:.*\n)*high noise \/ momentum seed 0: outlier$/m,
  );
  expect(report.code).toBe(0);
  const page = readFileSync(join(run, "report.html"), "utf8");
  for (const text of ["Tags: camera-ready, paper", "outlier", "Seeds &lt; 5 &amp; more"]) expect(page).toContain(text);
  expect([removed.code, removed.stderr]).toEqual([
    2,
    expect.stringContaining('there is no tag "camera-redy"; did you mean "camera-ready"?'),
  ]);
  await expect(trialsAt(run, "GRU")).rejects.toThrow('no trial has "GRU" in its name; there are ');
  expect(bits(run)).toEqual(before);
});
