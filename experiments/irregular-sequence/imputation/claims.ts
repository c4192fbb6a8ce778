import { better, meanTest, sampleMean, type Claim, type ClaimTest } from "@sluice/study";
import { taskOf } from "./tasks.ts";

const metric = "imputationMae";

/** All are our own questions: the published errors are those of other data. */
export const claims: readonly Claim[] = [
  lessError("BRITS", "Linear interpolation", taskOf("completely at random", 0.3)),
  lessError("BRITS", "M-RNN", taskOf("completely at random", 0.3)),
  lessError("M-RNN", "Linear interpolation", taskOf("completely at random", 0.3)),
  lessError("BRITS", "Linear interpolation", taskOf("blocks", 0.3)),
  lessError("BRITS", "Linear interpolation", taskOf("not at random", 0.3)),
  lessError("Linear interpolation", "Last value", taskOf("completely at random", 0.1)),
  {
    text: "BRITS gains more over linear interpolation where 30 % are missing in blocks of a week than where they are missing one by one.",
    kind: "own",
    test: gainsMore(taskOf("blocks", 0.3), taskOf("completely at random", 0.3)),
  },
];

function lessError(variant: string, than: string, task: string): Claim {
  return {
    text: `With values missing ${task}, ${variant} has a smaller mean absolute error than ${than}.`,
    kind: "own",
    test: better({ task, metric, variant, than }),
  };
}

/** Tests over seeds that the gain of BRITS over linear interpolation is larger on one task than on another. */
function gainsMore(task: string, than: string): ClaimTest {
  return (results) => {
    const errors = (on: string, variant: string): number[] =>
      results.values({ task: on, variant, metric }).map(({ value }) => value);
    const gains = (on: string): number[] => {
      const [brits, linear] = [errors(on, "BRITS"), errors(on, "Linear interpolation")];
      return brits.length === linear.length ? linear.map((error, seed) => error - (brits[seed] ?? Number.NaN)) : [];
    };
    const [here, there] = [gains(task), gains(than)];
    const wanted = Math.max(5, results.of({ task, variant: "BRITS" }).length);
    if (here.length < wanted || there.length < wanted)
      return {
        verdict: "undecided",
        because: `${Math.min(here.length, there.length)} seeds are done; needs ${wanted}`,
      };
    const differences = here.map((gain, seed) => gain - (there[seed] ?? Number.NaN));
    const p = meanTest(differences);
    const text = (values: readonly number[]): string => sampleMean(values).toFixed(3).replace("-", "−");
    return {
      verdict: p >= 0.05 ? "undecided" : sampleMean(differences) > 0 ? "reproduced" : "not reproduced",
      because: `BRITS gains ${text(here)} ${task} and ${text(there)} ${than}, over ${here.length} seeds, p = ${p.toPrecision(2)}`,
      p,
    };
  };
}
