import { sha256 } from "@sluice/formats";
import { studyError } from "./error.ts";
import type { Fold } from "./folds.ts";
import type { Imported } from "./import/imported.ts";
import { canonicalJson } from "./json.ts";
import { nearest } from "./nearest.ts";
import { laidOver, settingsText } from "./settings.ts";
import { settingsOf, type Budget, type Study } from "./study.ts";
import type { Settings } from "./trial.ts";

/** Everything that a trial's result depends on. */
export interface TrialIdentity {
  readonly study: string;
  readonly task: string;
  readonly variant: string;
  readonly seed: number;
  /** Absent for a study without folds. */
  readonly fold?: Fold;
  /** The settings that a tuning trial tries. Absent for a trial whose results are reported. */
  readonly tuning?: Settings;
  readonly config: Settings;
  /** Hash of the code. */
  readonly code: string;
  /** Hashes of the data, by name. */
  readonly data: { readonly [name: string]: string };
  /** For a trial that ran elsewhere: where it is from. Only the hash of its content is part of the id. */
  readonly imported?: Imported;
}

export interface PlannedTrial extends TrialIdentity {
  /** SHA-256 of the identity. */
  readonly id: string;
  /** Name of the trial's folder in `trials/`. */
  readonly folder: string;
}

/** Options of {@link plan}. */
export interface PlanOptions {
  /** Default: the study's default budget. */
  readonly budget?: string;
  /** Hash of the code. */
  readonly code: string;
  /** Hashes of the data, by name. */
  readonly data: { readonly [name: string]: string };
  /**
   * How many seeds, or a list of them; by default the number of the budget, or all of the study's seeds. If there are
   * more than the study lists, counting continues.
   */
  readonly seeds?: number | readonly number[];
}

/**
 * The trials of a study with a budget. The order is tasks, seeds, folds, variants, so that early results already
 * compare variants.
 */
export function plan(study: Study, options: PlanOptions): PlannedTrial[] {
  const { name: budget } = budgetOf(study, options.budget);
  return Object.keys(study.tasks).flatMap((task) =>
    unitsOf(study, options).flatMap((unit) =>
      Object.keys(study.variants).map((variant) => {
        const { code, data } = options;
        const config = trialConfig(study, { task, variant, budget });
        return identified({ study: study.name, task, variant, ...unit, config, code, data });
      }),
    ),
  );
}

/** A seed and, in a study with folds, one of its folds. */
export type TrialUnit = Pick<TrialIdentity, "seed" | "fold">;

/** Every seed that is run with each of its folds. */
export function unitsOf(study: Study, { budget, seeds }: Pick<PlanOptions, "budget" | "seeds">): readonly TrialUnit[] {
  const { given } = budgetOf(study, budget);
  const folds = foldsOf(study, given.folds);
  return seedsOf(study, seeds ?? given.seeds ?? study.seeds.length).flatMap((seed) =>
    folds.map((fold) => (fold === null ? { seed } : { seed, fold })),
  );
}

/**
 * A budget of a study by its name; without a name, the default budget.
 *
 * @throws an error that lists the budgets of the study.
 */
export function budgetOf(
  study: Study,
  name: string = study.defaultBudget,
): { readonly name: string; readonly given: Budget<Settings> } {
  const given = Object.hasOwn(study.budgets, name) ? study.budgets[name] : undefined;
  if (given !== undefined) return { name, given };
  const names = Object.keys(study.budgets);
  const near = nearest(name, names);
  throw studyError(
    `the study "${study.name}" has no budget "${name}"; it has ${names.join(", ")}${near === undefined ? "" : `. Did you mean "${near}"?`}`,
  );
}

/**
 * The study's settings, overridden by those of the task, the variant, the budget and the budget's part for the task, in
 * this order. Objects are merged member by member.
 */
export function trialConfig(
  study: Study,
  { task, variant, budget }: { task: string; variant: string; budget?: string },
): Settings {
  const { given } = budgetOf(study, budget);
  return [study.tasks[task], study.variants[variant], settingsOf(given), given.perTask?.[task]].reduce<Settings>(
    (below, layer) => laidOver(below, layer ?? {}),
    study.settings,
  );
}

/** Adds the id and the folder to a trial's identity. */
export function identified(identity: TrialIdentity): PlannedTrial {
  const { study, task, variant, seed, fold, tuning, config, code, data } = identity;
  const imported = identity.imported?.sha256;
  const id = sha256(canonicalJson({ study, task, variant, seed, fold, tuning, config, code, data, imported }));
  const part = fold === undefined ? [] : [`fold${fold.index + 1}`];
  const unit = tuning === undefined ? `seed${seed}` : `tuning${seed}`;
  return { ...identity, id, folder: [slug(task), slug(variant), unit, ...part, id.slice(0, 12)].join("-") };
}

/**
 * The key for a trial's random numbers. It does not depend on task or variant, so that comparisons are paired. The
 * seeds of tuning trials give other keys than those of the trials that are reported.
 */
export function seedKey(study: string, seed: number, { tuning = false }: { readonly tuning?: boolean } = {}): number {
  return Number.parseInt(sha256(`sluice study ${study} ${tuning ? "tuning " : ""}seed ${seed}`).slice(0, 8), 16);
}

/** The folds that are run, or `[null]` for a study without folds. */
function foldsOf({ folds }: Study, count = folds): (Fold | null)[] {
  if (folds === undefined) return [null];
  return Array.from({ length: Math.min(folds, count ?? folds) }, (_, index) => ({ index, of: folds }));
}

/**
 * The name of a trial for users: "LSTM seed 0", "LSTM seed 0 fold 3" or, for a tuning trial, "LSTM tuning seed 0
 * rate=0.01". Folds are counted from 1.
 */
export function trialName({
  variant,
  seed,
  fold,
  tuning,
}: Pick<TrialIdentity, "variant" | "seed" | "fold" | "tuning">): string {
  const part = fold === undefined ? "" : ` fold ${fold.index + 1}`;
  return tuning === undefined
    ? `${variant} seed ${seed}${part}`
    : `${variant} tuning seed ${seed}${part} ${settingsText(tuning)}`;
}

/** The seeds that are run: the first of the study's, or a list of one's own. */
export function seedsOf(study: Study, count: number | readonly number[]): readonly number[] {
  if (typeof count !== "number") {
    const wrong = count.find((seed, index) => !Number.isInteger(seed) || seed < 0 || count.indexOf(seed) < index);
    if (wrong !== undefined || count.length === 0)
      throw studyError(`seeds: ${JSON.stringify(count)} given, expected different integers of at least 0`);
    return count;
  }
  if (!Number.isInteger(count) || count < 1)
    throw studyError(`seeds: ${count} given, expected an integer of at least 1`);
  const seeds = study.seeds.slice(0, count);
  for (let next = Math.max(...study.seeds) + 1; seeds.length < count; next += 1) seeds.push(next);
  return seeds;
}

function slug(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return plain === "" ? sha256(name).slice(0, 6) : plain.slice(0, 40);
}
