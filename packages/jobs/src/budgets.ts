import type { Budget } from "@sluice/study";
import type { JobSettings } from "./settings.ts";
import type { JobTune } from "./tune.ts";

type Epochs = Pick<JobSettings, "epochs">;

/** What the budgets of a job are made from. */
interface BudgetParts extends Epochs {
  /** Epochs of the tasks that have their own. */
  readonly perTask?: { readonly [task: string]: number | undefined };
  readonly tune?: JobTune | undefined;
}

/** The budgets of a job that names none. */
// A type alias, so that it has names of any budget.
export type JobBudgets = { readonly full: Budget<Epochs>; readonly quick: Budget<Epochs> };

/** How many seeds a quick look has. */
const quickSeeds = 3;

/**
 * The budgets of a job that names none: `full` is all of it, and `quick` a look at what will come out, with a fifth of
 * the epochs and three seeds.
 */
export function jobBudgets({ epochs, perTask = {}, tune }: BudgetParts): JobBudgets {
  const notes = `Budget quick: at most ${quickSeeds} seeds and a fifth of the epochs.`;
  // What is tuned is fixed nowhere.
  if (tune?.epochs !== undefined) return { full: {}, quick: { seeds: quickSeeds, notes } };
  const own = Object.entries(perTask).flatMap(([task, count]) =>
    count === undefined ? [] : [[task, { epochs: fifth(count) }] as const],
  );
  return {
    full: {},
    quick: {
      seeds: quickSeeds,
      epochs: fifth(epochs),
      notes,
      ...(own.length === 0 ? {} : { perTask: Object.fromEntries(own) }),
    },
  };
}

const fifth = (epochs: number): number => Math.max(1, Math.ceil(epochs / 5));

/** How many settings each of these budgets tries: a third for the quick one, but at least two. */
export const quickTrials = (trials: number): { readonly [budget in keyof JobBudgets]: number } => ({
  full: trials,
  quick: Math.min(trials, Math.max(2, Math.ceil(trials / 3))),
});
