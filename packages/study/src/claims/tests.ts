import { mean } from "../statistics/summary.ts";
import { meanTest } from "../statistics/tests.ts";
import type { Results } from "../results.ts";
import type { Claim, Verdict } from "./claim.ts";
import {
  decide,
  differences,
  direction,
  format,
  missingTrials,
  overlapOf,
  requireKnown,
  SIGNIFICANT,
  spread,
  unitOf,
} from "./evidence.ts";

interface TestOptions {
  readonly metric: string;
  readonly task: string;
  readonly variant: string;
  /**
   * With fewer seeds, or fewer folds of a single seed, the verdict is "undecided", so that a lucky pair does not settle
   * a claim. Default 5.
   */
  readonly minimumSeeds?: number;
}

/**
 * Tests that `variant` is better than `than` by more than `margin` (default 0, in the metric's unit). It is Student's t
 * test of the differences between runs with the same seed, so that the effect of the seed on both cancels. "Better" is
 * defined by the metric.
 */
export function better(options: TestOptions & { readonly than: string; readonly margin?: number }): Claim["test"] {
  const { metric, task, variant, than, margin = 0, minimumSeeds = 5 } = options;
  return (results) => {
    const sign = direction(results, metric);
    const gains = differences(results, { task, metric, variants: [variant, than] }).map(
      (difference) => sign * difference,
    );
    const by = mean(gains);
    const [first, second] = by < 0 ? [than, variant] : [variant, than];
    const unit = unitOf(results);
    const compared = gains.every((gain) => gain === 0)
      ? `For ${gains.length === 1 ? `one ${unit}` : `each of ${gains.length} ${unit}s`} ${variant} and ${than} are equal on ${task}`
      : `${gains.length === 1 ? "" : "On average "}${first} is better than ${second} on ${task} by ${spread(
          results,
          gains.map((gain) => (by < 0 ? -gain : gain)),
          "paired t",
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
      p: meanTest(gains, margin, overlapOf(results)),
      holds: by > margin,
    });
  };
}

/**
 * Tests that the mean of `variant` reaches `value`: at least `value` if higher is better, at most `value` if lower is.
 * Student's t test over seeds.
 */
export function reaches(options: TestOptions & { readonly value: number }): Claim["test"] {
  const { metric, task, variant, value, minimumSeeds = 5 } = options;
  return (results) => {
    const sign = direction(results, metric);
    requireKnown("variant", variant, results.variants);
    requireKnown("task", task, results.tasks);
    const values = results.values({ task, variant, metric }).map((entry) => entry.value);
    return decide({
      because:
        values.length === 0
          ? `No ${unitOf(results)} of ${variant} on ${task} has a result`
          : `The ${values.length === 1 ? "value" : "mean"} of ${variant} on ${task} is ${spread(results, values, "Student’s t")}, compared with ${format(value)}`,
      values: values.length,
      unit: unitOf(results),
      minimumSeeds,
      missing: missingTrials(results, task, [variant]),
      p: meanTest(values, value, overlapOf(results)),
      holds: sign * mean(values) > sign * value,
    });
  };
}

/**
 * Tests that `variant` and `than` differ by less than `within` in either direction: two one-sided paired t tests
 * (Schuirmann 1987). "Not reproduced" says that they differ by more.
 */
export function alike(options: TestOptions & { readonly than: string; readonly within: number }): Claim["test"] {
  const { metric, task, variant, than, within, minimumSeeds = 5 } = options;
  return (results) => {
    direction(results, metric);
    const apart = differences(results, { task, metric, variants: [variant, than] });
    const [below, above] = [meanTest(apart, -within, overlapOf(results)), meanTest(apart, within, overlapOf(results))];
    const holds = Math.abs(mean(apart)) < within;
    return decide({
      because:
        apart.length === 0
          ? nothingShared(results, task, [variant, than])
          : `The difference ${variant} minus ${than} on ${task} is ${spread(results, apart, "paired t")}; they are alike if it is within ±${format(within)}`,
      values: apart.length,
      unit: unitOf(results),
      minimumSeeds,
      missing: missingTrials(results, task, [variant, than]),
      // The nearer margin decides, whether the mean lies inside or outside.
      p: Math.max(below, above),
      holds,
    });
  };
}

/**
 * Tests that all of some tests hold. It is reproduced if each test is, with the largest of their p-values. If one test
 * is refuted, it is refuted, with that p-value times the number of tests.
 */
export function all(...tests: readonly Claim["test"][]): Claim["test"] {
  return (results) => {
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
}

/** `null` if one of the verdicts has none. */
function pValues(verdicts: readonly Verdict[]): number[] | null {
  const values = verdicts.flatMap(({ p }) => (p === undefined ? [] : [p]));
  return values.length < verdicts.length ? null : values;
}

const nothingShared = (results: Results, task: string, [variant, than]: readonly [string, string]): string =>
  `No ${unitOf(results)} has a result for both ${variant} and ${than} on ${task}`;
