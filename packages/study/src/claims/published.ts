import { studyError } from "../error.ts";
import { marginTest, nameOf, valuesOf, type TestOptions } from "./centre.ts";
import type { ClaimTest } from "./claim.ts";
import { designed } from "./design.ts";
import { decide, format, missingTrials, requireMetric, spread, unfitFor, unitOf } from "./evidence.ts";
import { designOf, methodOf } from "./methods.ts";

/** Options of {@link matchesPublished}. */
export interface PublishedOptions extends TestOptions {
  /** The published number, in the metric's unit. */
  readonly value: number;
  /**
   * How far the mean may be from it and still count as the same. Declare it before the study is run, from what is known:
   * the spread and the number of seeds that were published, and differences that do not matter.
   */
  readonly margin: number;
}

/**
 * Tests that the mean of `variant` is a published number, up to a margin that is declared beforehand. It is reproduced if
 * the 95 % interval lies within `value` ± `margin`, not reproduced if it lies outside, and otherwise undecided. The
 * setting must be the published one, so the claim's kind must be "published". In a budget with another setting (see
 * `sameSetting` of a claim) it is undecided.
 *
 * @throws an error if the value is not a number, or the margin is not positive.
 */
export function matchesPublished(options: PublishedOptions): ClaimTest {
  const { metric, task, variant, value, margin, minimumSeeds = 5, by = "t" } = options;
  if (!Number.isFinite(value)) throw studyError(`matchesPublished: value is ${value}, expected the published number`);
  if (!(margin > 0 && Number.isFinite(margin)))
    throw studyError(
      `matchesPublished: margin is ${margin}, expected a positive number in the unit of "${metric}": how far the mean may be from ${value}`,
    );
  const method = methodOf(by);
  const design = designOf(method, {
    of: { metric, task, variants: [variant] },
    samples: "single",
    minimum: minimumSeeds,
    goal: "margin",
    published: true,
    finds: (size) => `that an equal mean is reproduced, if the margin is at least ${size}`,
  });
  return designed(design, (results) => {
    requireMetric(results, metric);
    const values = valuesOf(results, options);
    return decide({
      because:
        values.length === 0
          ? `No ${unitOf(results)} of ${variant} on ${task} has a result`
          : `The ${nameOf(values, by)} of ${variant} on ${task} is ${spread(results, values, method, "single")}; ` +
            `${format(value)} is published, and the margin that was declared beforehand is ±${format(margin)}`,
      values: values.length,
      unit: unitOf(results),
      minimumSeeds,
      missing: missingTrials(results, task, [variant]),
      unfit: unfitFor(method, results),
      ...marginTest(method, results, { values, centre: value, margin }),
    });
  });
}
