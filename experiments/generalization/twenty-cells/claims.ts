import {
  leastSignedRankP,
  signedRankTest,
  type Claim,
  type ClaimTest,
  type Results,
  type TestDesign,
} from "@sluice/study";
import { headlines } from "./tasks.ts";

/** On how many more tasks a cell is better than it is worse, seed by seed, for the seeds that have all tasks. */
export function leadsOver(results: Results, variant: string, than: string): number[] {
  const tasks = Object.entries(headlines);
  const gains = tasks.map(([task, metric]) => {
    const sign = results.metrics[metric]?.better === "lower" ? -1 : 1;
    const other = new Map(results.values({ task, variant: than, metric }).map(({ seed, value }) => [seed, value]));
    return new Map(
      results.values({ task, variant, metric }).flatMap(({ seed, value }) => {
        const beside = other.get(seed);
        return beside === undefined ? [] : [[seed, Math.sign(sign * (value - beside))] as const];
      }),
    );
  });
  const seeds = [...(gains[0]?.keys() ?? [])].filter((seed) => gains.every((gain) => gain.has(seed)));
  return seeds.map((seed) => gains.reduce((lead, gain) => lead + (gain.get(seed) ?? 0), 0));
}

/** Tests by the exact signed-rank test over seeds that a cell is better than another on more of the six tasks. */
export function betterOverTasks(variant: string, than: string): ClaimTest {
  const test = (results: Results): ReturnType<ClaimTest> => {
    const lost = results.trials.filter(
      (trial) => [variant, than].includes(trial.variant) && trial.status !== "done",
    ).length;
    const leads = leadsOver(results, variant, than);
    const mean = leads.reduce((sum, lead) => sum + lead, 0) / leads.length;
    const because =
      leads.length === 0
        ? `No seed has a result on every task for both ${variant} and ${than}`
        : `Of ${Object.keys(headlines).length} tasks, ${variant} is better on ${mean.toFixed(1)} more than it is worse, as a mean over ${leads.length} seeds (${leads.join(", ")})`;
    if (lost > 0) return { verdict: "undecided", because: `${lost} trials are not done. Ignoring those: ${because}` };
    if (leads.length < design.minimum)
      return { verdict: "undecided", because: `${because}; needs at least ${design.minimum} seeds` };
    const { p } = signedRankTest(leads);
    return { verdict: p >= 0.05 ? "undecided" : mean > 0 ? "reproduced" : "not reproduced", because, p };
  };
  const design: TestDesign = {
    of: Object.entries(headlines).map(([task, metric]) => ({ task, metric, variants: [variant, than] })),
    method: "exact signed-rank test over seeds",
    minimum: 6,
    leastP: ({ count }) => leastSignedRankP(count),
    detectable: () => null,
  };
  return Object.assign(test, { design });
}

/** Improvements that their papers compare with the GRU, and a GRU and an LSTM as they were before. */
const asked = ["LSTM", "MGU", "GRU without reset", "STAR", "nBRC", "LEM", "minGRU", "coRNN"];

export const claims: readonly Claim[] = asked.map((variant) => ({
  text: `With about as many parameters and equally tuned, ${variant} is better than GRU on more of the six tasks than it is worse.`,
  kind: "own",
  test: betterOverTasks(variant, "GRU"),
}));
