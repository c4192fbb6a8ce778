import { studyError } from "../error.ts";
import type { Results } from "../results.ts";
import { leastLogRankP, logRankTest, type StepsToSolve } from "../statistics/log-rank.ts";
import { detectableByLogRank } from "../statistics/simulated-power.ts";
import { medianSteps, survivalCurve } from "../statistics/survival-curve.ts";
import type { TestOptions } from "./centre.ts";
import type { ClaimTest } from "./claim.ts";
import { designed, type TestDesign, type Tested } from "./design.ts";
import { decide, format, missingTrials, requireKnown, requireMetric } from "./evidence.ts";

/** Options of {@link solvesFaster}. */
export interface SolvesFasterOptions extends Omit<TestOptions, "by"> {
  /** Name of the variant that it is compared with. */
  readonly than: string;
  /**
   * For how many steps every trial was trained, in the metric's unit. A trial without a value (`null`) did not solve the
   * task in these steps, and counts as such: it is not left out. Nor is a trial that diverged. Default: a number that is
   * not known, such as one that depends on the budget, but is the same for all of these trials.
   */
  readonly limit?: number;
}

/**
 * Tests that `variant` needs fewer steps to solve a task than `than`: the log-rank test, over all seeds, including those
 * that did not solve it. It is exact for up to 10 seeds each; both variants must be trained for the same steps. The
 * metric is the number of steps after which a trial solved the task, and `null` if it did not; its `better` is "lower".
 *
 * @throws an error if the limit is not positive.
 */
export function solvesFaster(options: SolvesFasterOptions): ClaimTest {
  const { metric, task, variant, than, limit, minimumSeeds = 5 } = options;
  if (limit !== undefined && !(limit > 0 && Number.isFinite(limit)))
    throw studyError(`solvesFaster: limit is ${limit}, expected the number of steps that every trial is trained for`);
  return designed(design({ metric, task, variants: [variant, than] }, minimumSeeds), (results) => {
    const { better } = requireMetric(results, metric);
    if (better !== "lower")
      throw studyError(
        `claim: solvesFaster needs a metric of steps with better: "lower", and "${metric}" has "${better}"`,
      );
    const own = runsOf(results, options);
    const others = runsOf(results, { ...options, variant: than });
    const folded = results.trials.some(({ fold }) => fold !== undefined);
    const empty = own.length === 0 || others.length === 0;
    const found = empty ? { p: 1, excess: 0, method: "exact" } : logRankTest(own, others);
    return decide({
      because: empty
        ? `No seed of ${variant} or of ${than} has a result on ${task}`
        : `On ${task}, ${told(variant, own, limit)}, and ${told(than, others, limit)} ` +
          `(log-rank test, ${found.method === "exact" ? "exact" : "normal approximation"})`,
      values: empty ? 0 : Math.min(own.length, others.length),
      unit: "seed",
      minimumSeeds,
      missing: missingTrials(results, task, [variant, than], { except: ["diverged"] }),
      unfit: folded ? "the log-rank test needs independent trials, and folds share training data" : null,
      p: found.p,
      holds: found.excess > 0,
    });
  });
}

const design = (of: Tested, minimum: number): TestDesign => ({
  of: [of],
  method: "log-rank test",
  minimum,
  leastP: ({ count, overlap }) => (overlap > 0 ? 1 : leastLogRankP(count)),
  detectable: ({ count, overlap }, options) => {
    const size = overlap > 0 || count < 2 ? null : detectableByLogRank(count, options);
    if (size === null) return null;
    const unit = "times the rate of solving";
    return {
      size,
      unit,
      text: `a variant that solves the task at ${Number(size.toPrecision(2))} times the rate, if all trials solve it`,
    };
  },
});

/** For how many steps an unsolved trial was watched, if only that is known: as long as the others that were not solved. */
const LONGER_THAN_ANY = Number.MAX_SAFE_INTEGER;

/** The trials of a variant that have ended, by seed. One that diverged has not solved the task, however long it runs. */
function runsOf(
  results: Results,
  {
    metric,
    task,
    variant,
    limit = LONGER_THAN_ANY,
  }: Pick<SolvesFasterOptions, "metric" | "task" | "variant" | "limit">,
): StepsToSolve[] {
  requireKnown("variant", variant, results.variants);
  requireKnown("task", task, results.tasks);
  return results
    .of({ task, variant })
    .filter(({ status }) => status === "done" || status === "diverged")
    .map(({ seed, metrics }) => {
      const steps = metrics[metric];
      if (typeof steps !== "number") return { steps: limit, solved: false };
      if (steps >= 0 && steps <= limit) return { steps, solved: true };
      throw studyError(
        `claim: ${variant} seed ${seed} solved ${task} after ${steps} steps, expected a number from 0 to the limit of ${limit}`,
      );
    });
}

/** "a GRU solves it with 4 of 5 seeds, half of them within 300 steps". */
function told(variant: string, runs: readonly StepsToSolve[], limit: number | undefined): string {
  const solved = runs.filter((run) => run.solved).length;
  const middle = medianSteps(survivalCurve(runs));
  const half =
    middle === null
      ? `fewer than half${limit === undefined ? " of them" : ` within ${format(limit)} steps`}`
      : `half of all seeds within ${format(middle)} steps`;
  return `${variant} solves it with ${solved} of ${runs.length} seeds, ${half}`;
}
