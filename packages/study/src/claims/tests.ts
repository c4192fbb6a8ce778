import type { Results } from "../results.ts";
import { centreOf, marginTest, nameOf, valuesOf, type TestOptions } from "./centre.ts";
import type { ClaimTest, Verdict } from "./claim.ts";
import { designed, jointDesign } from "./design.ts";
import {
  decide,
  differences,
  direction,
  format,
  missingTrials,
  overlapOf,
  SIGNIFICANT,
  spread,
  unfitFor,
  unitOf,
} from "./evidence.ts";
import { designOf, methodOf } from "./methods.ts";

/**
 * Tests that `variant` is better than `than` by more than `margin` (default 0, in the metric's unit). It is Student's t
 * test of the differences between runs with the same seed, so that the effect of the seed on both cancels. "Better" is
 * defined by the metric.
 */
export function better(options: TestOptions & { readonly than: string; readonly margin?: number }): ClaimTest {
  const { metric, task, variant, than, margin = 0, minimumSeeds = 5, by: chosen = "t" } = options;
  const method = methodOf(chosen);
  const beyond = margin === 0 ? "" : " beyond the margin";
  const design = designOf(method, {
    of: { metric, task, variants: [variant, than] },
    samples: "paired",
    minimum: minimumSeeds,
    goal: "difference",
    finds: (size) => `a difference of ${size}${beyond}`,
  });
  return designed(design, (results) => {
    const sign = direction(results, metric);
    const gains = differences(results, { task, metric, variants: [variant, than] }).map(
      (difference) => sign * difference,
    );
    const by = centreOf(method, gains, results);
    const [first, second] = by < 0 ? [than, variant] : [variant, than];
    const unit = unitOf(results);
    const average = gains.length === 1 || chosen !== "t" ? "" : "On average ";
    const compared = gains.every((gain) => gain === 0)
      ? `For ${gains.length === 1 ? `one ${unit}` : `each of ${gains.length} ${unit}s`} ${variant} and ${than} are equal on ${task}`
      : `${average}${first} is better than ${second} on ${task} by ${spread(
          results,
          gains.map((gain) => (by < 0 ? -gain : gain)),
          method,
          "paired",
        )}`;
    return decide({
      because:
        gains.length === 0
          ? nothingShared(results, task, [variant, than])
          : margin === 0
            ? compared
            : `${compared}, compared with a margin of ${format(margin)}`,
      values: gains.length,
      unit,
      minimumSeeds,
      missing: missingTrials(results, task, [variant, than]),
      unfit: unfitFor(method, results),
      p: method.p(gains, margin, overlapOf(results)),
      holds: by > margin,
    });
  });
}

/**
 * Tests that the mean of `variant` reaches `value`: at least `value` if higher is better, at most `value` if lower is.
 * Student's t test over seeds.
 */
export function reaches(options: TestOptions & { readonly value: number }): ClaimTest {
  const { metric, task, variant, value, minimumSeeds = 5, by = "t" } = options;
  const method = methodOf(by);
  const design = designOf(method, {
    of: { metric, task, variants: [variant] },
    samples: "single",
    minimum: minimumSeeds,
    goal: "difference",
    finds: (size) => `a mean that is ${size} from the value`,
  });
  return designed(design, (results) => {
    const sign = direction(results, metric);
    const values = valuesOf(results, options);
    return decide({
      because:
        values.length === 0
          ? `No ${unitOf(results)} of ${variant} on ${task} has a result`
          : `The ${nameOf(values, by)} of ${variant} on ${task} is ${spread(results, values, method, "single")}, compared with ${format(value)}`,
      values: values.length,
      unit: unitOf(results),
      minimumSeeds,
      missing: missingTrials(results, task, [variant]),
      unfit: unfitFor(method, results),
      p: method.p(values, value, overlapOf(results)),
      holds: sign * centreOf(method, values, results) > sign * value,
    });
  });
}

/**
 * Tests that `variant` and `than` differ by less than `within` in either direction: two one-sided paired t tests
 * (Schuirmann 1987). "Not reproduced" says that they differ by more.
 */
export function alike(options: TestOptions & { readonly than: string; readonly within: number }): ClaimTest {
  const { metric, task, variant, than, within, minimumSeeds = 5, by = "t" } = options;
  const method = methodOf(by);
  const design = designOf(method, {
    of: { metric, task, variants: [variant, than] },
    samples: "paired",
    minimum: minimumSeeds,
    goal: "margin",
    finds: (size) => `that equal variants are alike, if \`within\` is at least ${size}`,
  });
  return designed(design, (results) => {
    direction(results, metric);
    const apart = differences(results, { task, metric, variants: [variant, than] });
    return decide({
      because:
        apart.length === 0
          ? nothingShared(results, task, [variant, than])
          : `The difference ${variant} minus ${than} on ${task} is ${spread(results, apart, method, "paired")}; ` +
            `they are alike if it is within ±${format(within)}`,
      values: apart.length,
      unit: unitOf(results),
      minimumSeeds,
      missing: missingTrials(results, task, [variant, than]),
      unfit: unfitFor(method, results),
      ...marginTest(method, results, { values: apart, centre: 0, margin: within }),
    });
  });
}

/**
 * Tests that all of some tests hold. It is reproduced if each test is, with the largest of their p-values. If one test
 * is refuted, it is refuted, with that p-value times the number of tests.
 */
export function all(...tests: readonly ClaimTest[]): ClaimTest {
  const test = (results: Results): Verdict => {
    const verdicts = tests.map((test) => test(results));
    const because = verdicts.map((verdict) => verdict.because).join(". ");
    const refuted = verdicts.filter(({ verdict }) => verdict === "not reproduced");
    const counted = pValues(refuted.length > 0 ? refuted : verdicts);
    if (refuted.length > 0) {
      if (counted === null) return { because, verdict: "not reproduced" };
      const p = Math.min(1, tests.length * Math.min(...counted));
      return { because, p, verdict: p < SIGNIFICANT ? "not reproduced" : "undecided" };
    }
    const verdict = verdicts.every((each) => each.verdict === "reproduced") ? "reproduced" : "undecided";
    return counted === null ? { because, verdict } : { because, p: Math.max(...counted), verdict };
  };
  const design = jointDesign(tests);
  return design === undefined ? test : designed(design, test);
}

/** `null` if one of the verdicts has none. */
function pValues(verdicts: readonly Verdict[]): number[] | null {
  const values = verdicts.flatMap(({ p }) => (p === undefined ? [] : [p]));
  return values.length < verdicts.length ? null : values;
}

const nothingShared = (results: Results, task: string, [variant, than]: readonly [string, string]): string =>
  `No ${unitOf(results)} has a result for both ${variant} and ${than} on ${task}`;
