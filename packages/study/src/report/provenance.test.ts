import { expect, test } from "vitest";
import { unknownEnvironment, type GitState } from "../environment.ts";
import { resultsOf } from "../results.ts";
import { provenance } from "./provenance.ts";

test("the report tells what is lost from what is not there", () => {
  const page = (state: GitState | null): string => {
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
    const environments = [{ environment, trials: 1, changes: null }];
    return provenance({
      manifest,
      results: resultsOf({ tasks: [], variants: [], metrics: {}, trials: [] }),
      curves: new Map(),
      configs: [],
      claims: [],
      claimsNote: null,
      environments,
      problems: [],
      others: 0,
    }).markup;
  };
  expect(page(null)).toContain("not in a repository");
  const lost = page({ commit: "abc", branch: "b", uncommitted: null, lost: "uncommitted changes (no paper)" });
  expect(lost).toContain("<code>abc</code>. Not known: uncommitted changes (no paper)");
  expect(lost).not.toContain("nothing uncommitted");
  expect(page({ commit: "abc", branch: "b", uncommitted: null })).toContain("<code>abc</code>, nothing uncommitted");
});
