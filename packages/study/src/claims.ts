import { studyError } from "./error.ts";
import { suggestion } from "./nearest.ts";
import type { Results } from "./results.ts";
import { bootstrapInterval, pairedBootstrap, type Interval } from "./statistics/bootstrap.ts";
import { mean } from "./statistics/summary.ts";

export interface Verdict {
  readonly verdict: "reproduced" | "not reproduced" | "undecided";
  /** The numbers the verdict rests on, in a sentence. */
  readonly because: string;
}

/** A statement of the paper that the study can confirm or refute. */
export interface Claim {
  readonly text: string;
  test(results: Results): Verdict;
}

interface TestOptions {
  readonly metric: string;
  readonly task: string;
  readonly variant: string;
  /** With fewer seeds the verdict is "undecided": a claim is not settled by a lucky pair. 5 by default. */
  readonly minimumSeeds?: number;
}

/**
 * Tests that `variant` is better than `than` by more than `margin` (0 by default, in the metric's unit): paired bootstrap of the mean
 * difference over shared seeds, 95 %. "Better" follows the metric.
 */
export function better(options: TestOptions & { readonly than: string; readonly margin?: number }): Claim["test"] {
  const { metric, task, variant, than, margin = 0, minimumSeeds = 5 } = options;
  return (results) => {
    const sign = direction(results, metric);
    const pairs = paired(results, options);
    const { difference, low, high } = pairedBootstrap(pairs.map(([a]) => sign * a), pairs.map(([, b]) => sign * b));
    const [first, second] = difference < 0 ? [than, variant] : [variant, than];
    const by = difference < 0 ? spread(-difference, { low: -high, high: -low }) : spread(difference, { low, high });
    const because = `${first} is better than ${second} on ${task} by ${pairs.length > 1 ? by : format(Math.abs(difference))} over ${seeds(pairs.length)}`;
    return decide(because, { enough: pairs.length >= minimumSeeds, minimumSeeds, missing: missing(results, task, [variant, than]) }, (): boolean | null =>
      low > margin ? true : high < margin ? false : null,
    );
  };
}

/** Tests that the mean of `variant` reaches `value`: at least where higher is better, at most where lower is. Bootstrap over seeds, 95 %. */
export function reaches(options: TestOptions & { readonly value: number }): Claim["test"] {
  const { metric, task, variant, value, minimumSeeds = 5 } = options;
  return (results) => {
    const sign = direction(results, metric);
    const values = results.values({ task, variant, metric }).map((entry) => entry.value);
    const { low, high } = bootstrapInterval(values);
    const because = `${variant} on ${task}: ${spread(mean(values), { low, high })} over ${seeds(values.length)}, against ${format(value)}`;
    return decide(because, { enough: values.length >= minimumSeeds, minimumSeeds, missing: missing(results, task, [variant]) }, () =>
      Math.min(sign * low, sign * high) >= sign * value ? true : Math.max(sign * low, sign * high) < sign * value ? false : null,
    );
  };
}

/** Tests that `variant` and `than` differ by less than `within` either way (equivalence): the whole paired interval lies inside. */
export function alike(options: TestOptions & { readonly than: string; readonly within: number }): Claim["test"] {
  const { metric, task, variant, than, within, minimumSeeds = 5 } = options;
  return (results) => {
    direction(results, metric);
    const pairs = paired(results, options);
    const { difference, low, high } = pairedBootstrap(pairs.map(([a]) => a), pairs.map(([, b]) => b));
    const because = `${variant} less ${than} on ${task}: ${spread(difference, { low, high })} over ${seeds(pairs.length)}, alike if within ±${format(within)}`;
    return decide(because, { enough: pairs.length >= minimumSeeds, minimumSeeds, missing: missing(results, task, [variant, than]) }, () =>
      low > -within && high < within ? true : low >= within || high <= -within ? false : null,
    );
  };
}

interface Evidence {
  readonly enough: boolean;
  readonly minimumSeeds: number;
  readonly missing: string | null;
}

function decide(because: string, { enough, minimumSeeds, missing }: Evidence, test: () => boolean | null): Verdict {
  if (missing !== null) return { verdict: "undecided", because: `${missing}. Of the rest: ${because}` };
  if (!enough) return { verdict: "undecided", because: `${because}; a verdict takes ${minimumSeeds} seeds` };
  const held = test();
  return { verdict: held === null ? "undecided" : held ? "reproduced" : "not reproduced", because };
}

function direction(results: Results, metric: string): 1 | -1 {
  const found = results.metrics[metric];
  if (found === undefined) throw studyError(`claim: unknown metric "${metric}": ${suggestion(metric, Object.keys(results.metrics))}`);
  return found.better === "higher" ? 1 : -1;
}

function paired(results: Results, { metric, task, variant, than }: TestOptions & { readonly than: string }): (readonly [number, number])[] {
  for (const name of [variant, than]) {
    if (!results.variants.includes(name)) throw studyError(`claim: unknown variant "${name}": ${suggestion(name, results.variants)}`);
  }
  if (!results.tasks.includes(task)) throw studyError(`claim: unknown task "${task}": ${suggestion(task, results.tasks)}`);
  const other = new Map(results.values({ task, variant: than, metric }).map(({ seed, value }) => [seed, value]));
  return results.values({ task, variant, metric }).flatMap(({ seed, value }) => {
    const partner = other.get(seed);
    return partner === undefined ? [] : [[value, partner] as const];
  });
}

/** A trial that is not done may not be dropped from a verdict: which one it was can depend on the variant. */
function missing(results: Results, task: string, variants: readonly string[]): string | null {
  const lost = variants.flatMap((variant) =>
    results
      .of({ task, variant })
      .filter((trial) => trial.status !== "done")
      .map((trial) => `${variant} seed ${trial.seed} ${trial.status}`),
  );
  return lost.length === 0 ? null : lost.join(", ");
}

const seeds = (n: number): string => `${n} ${n === 1 ? "seed" : "seeds"}`;
const format = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "unknown");
const spread = (centre: number, { low, high }: Interval): string => `${format(centre)} [${format(low)}, ${format(high)}]`;
