import { BaseSequencer } from "vitest/node";

/**
 * The test files that take longest, longest first. If one of them started last, the other cores would be idle until it
 * ends.
 */
export const longest = [
  "tests/published.test.ts",
  "apps/lab/src/lab.test.ts",
  "tests/gpu.test.ts",
  "tests/readme.test.ts",
  "tests/conformance.test.ts",
  "examples/browser/src/page.test.ts",
  "tests/runtimes.test.ts",
  "tests/browser.test.ts",
  "packages/runner/src/run.test.ts",
  "apps/lab/src/sweep.test.ts",
  "packages/fusion/src/fusion-suite.test.ts",
  "experiments/multimodal/halves/halves.test.ts",
  "experiments/long-sequence/digits/digits.test.ts",
  "experiments/long-sequence/adding/adding.test.ts",
  "experiments/long-sequence/clipping/clipping.test.ts",
  "experiments/long-sequence/formal-languages/formal-languages.test.ts",
  "experiments/irregular-sequence/imputation/imputation.test.ts",
  "experiments/interpretation/flip-flop/flip-flop.test.ts",
];

/** A sequencer for vitest: the files above first, then vitest's own order. */
export default class LongestFirst extends BaseSequencer {
  async sort(files) {
    const rankOf = ({ moduleId }) => {
      const rank = longest.findIndex((path) => moduleId.endsWith(`/${path}`));
      return rank === -1 ? longest.length : rank;
    };
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
