import type { ClaimTest } from "./claim.ts";

/** The values that a test will have. */
export interface Units {
  /** How many: seeds, or the folds of one seed. */
  readonly count: number;
  /** Test rows / training rows if they are folds of one seed; otherwise 0. */
  readonly overlap: number;
}

/** A difference that a test is likely to find. */
export interface Detectable {
  /** Its size, in `unit`. */
  readonly size: number;
  readonly unit: string;
  /** The same as part of a sentence, such as "a difference of 1.05 standard deviations of the paired differences". */
  readonly text: string;
}

/** What a test reads of the results. */
export interface Tested {
  readonly metric: string;
  readonly task: string;
  readonly variants: readonly string[];
}

/** What a claim's test can find with how many seeds, before anything is run. */
export interface TestDesign {
  /** What is tested. */
  readonly of: readonly Tested[];
  /** The name of the test, such as "exact signed-rank test". */
  readonly method: string;
  /** With fewer values the verdict is "undecided". */
  readonly minimum: number;
  /** Whether the claim is about a published number. */
  readonly published?: boolean;
  /** The smallest p-value that the test can give for so many values; 1 if it cannot be used for them. */
  leastP(units: Units): number;
  /** What the test finds with the given power at the given level; `null` if that is not known. */
  detectable(units: Units, options: { readonly level: number; readonly power: number }): Detectable | null;
}

/** A test with its design. */
export function designed(design: TestDesign, test: ClaimTest): ClaimTest {
  return Object.assign((results: Parameters<ClaimTest>[0]) => test(results), { design });
}

/** The design of a test that needs all of some tests; `undefined` if one of them has none. */
export function jointDesign(tests: readonly ClaimTest[]): TestDesign | undefined {
  const designs = tests.flatMap(({ design }) => design ?? []);
  if (designs.length < tests.length || designs.length === 0) return undefined;
  const methods = [...new Set(designs.map(({ method }) => method))];
  return {
    of: designs.flatMap((design) => design.of),
    method: methods.join(" and "),
    minimum: Math.max(...designs.map(({ minimum }) => minimum)),
    published: designs.some(({ published = false }) => published),
    leastP: (units) => Math.max(...designs.map((design) => design.leastP(units))),
    detectable: (units, options) => {
      const parts = designs.map((design) => design.detectable(units, options));
      const found = parts.flatMap((part) => part ?? []);
      const [first] = found;
      if (first === undefined || found.length < parts.length || found.some(({ unit }) => unit !== first.unit))
        return null;
      // What is the hardest for one of the tests; all of them together find it less often.
      return found.reduce((worst, part) => (part.size > worst.size ? part : worst));
    },
  };
}
