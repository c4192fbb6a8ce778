import { BaseSequencer } from "vitest/node";

/** The files that take longest, the longest first: one that began last would be waited for by idle cores. */
export const longest = [
  "tests/published.test.ts",
  "tests/gpu.test.ts",
  "tests/runtimes.test.ts",
  "tests/browser.test.ts",
  "apps/lab/src/lab.test.ts",
  "experiments/long-sequence/digits/digits.test.ts",
  "examples/browser/src/page.test.ts",
  "tests/readme.test.ts",
  "packages/inspect/src/gradient-flow.test.ts",
  "packages/runner/src/run.test.ts",
];

/** Of vitest: its own order, behind the files that are known to take longest. */
export default class LongestFirst extends BaseSequencer {
  async sort(files) {
    const rankOf = ({ moduleId }) => {
      const rank = longest.findIndex((path) => moduleId.endsWith(`/${path}`));
      return rank === -1 ? longest.length : rank;
    };
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
