import { expect, test } from "vitest";
import { unknownEnvironment, type GitState } from "../environment.ts";
import { resultsOf, type TrialRecord } from "../results.ts";
import { provenance } from "./provenance.ts";

/** The section of a report of these trials, which ran in an environment with this repository. */
function sectionOf(state: GitState | null, trials: readonly TrialRecord[] = []): string {
  const manifest = {
    name: "n",
    title: "",
    question: "",
    stepLabel: "",
    budget: "quick",
    module: "",
    command: "",
    code: "",
    data: {},
    tasks: [],
    variants: [],
    metrics: {},
    anchors: [],
    trials: [],
  } as const;
  const environment = { ...unknownEnvironment({ threads: 1, command: "" }), git: state };
  return provenance({
    manifest,
    results: resultsOf({ tasks: ["sum"], variants: ["small"], metrics: {}, trials }),
    curves: new Map(),
    configs: [],
    tuned: null,
    claims: [],
    claimsNote: null,
    annotations: { tags: [], notes: [] },
    trialAnnotations: new Map(),
    environments: [{ environment, trials: 1, changes: null }],
    problems: [],
    others: 0,
  }).markup;
}

test("the report tells what is lost from what is not there", () => {
  expect(sectionOf(null)).toContain("not in a repository");
  const lost = sectionOf({ commit: "abc", branch: "b", uncommitted: null, lost: "uncommitted changes (no paper)" });
  expect(lost).toContain("<code>abc</code>. Not known: uncommitted changes (no paper)");
  expect(lost).not.toContain("nothing uncommitted");
  expect(sectionOf({ commit: "abc", branch: "b", uncommitted: null })).toContain(
    "<code>abc</code>, nothing uncommitted",
  );
});

test("the report names the folder and the files of every trial that has kept any", () => {
  const trial = (seed: number, files?: TrialRecord["files"]): TrialRecord => ({
    id: `${seed}`.repeat(64),
    folder: `/runs/n/quick/trials/sum-small-${seed}`,
    task: "sum",
    variant: "small",
    seed,
    status: "done",
    metrics: {},
    warnings: [],
    ...(files && { files }),
  });
  const weights = { "last.safetensors": "12", "best.safetensors": "34" };
  const kept = sectionOf(null, [trial(0, weights), trial(1)]);
  expect(kept).toContain("<code>loadTrial(folder)</code>");
  expect(kept).toContain("<code>trials/sum-small-0</code>");
  expect(kept).toContain("<code>files/last.safetensors</code>, <code>files/best.safetensors</code>");
  expect(kept).not.toContain("sum-small-1");
  expect(sectionOf(null, [trial(1)])).not.toContain("loadTrial");
});

test("the report says why trials may give other weights on another machine", () => {
  const trial = (seed: number, varies?: string): TrialRecord => ({
    ...{ id: `${seed}`, folder: "", task: "sum", variant: "small", seed, status: "done", metrics: {}, warnings: [] },
    ...(varies === undefined ? {} : { varies }),
  });
  expect(sectionOf(null, [trial(0)])).not.toContain("On another machine");
  expect(sectionOf(null, [trial(0), trial(1, "fast: it rounds less"), trial(2, "fast: it rounds less")])).toContain(
    "compare the SHA-256 of the weights. On another machine they may differ in some trials, although nothing is wrong (fast: it rounds less).",
  );
});
