import { studyError } from "./error.ts";
import { sha256 } from "@sluice/formats";
import { canonicalJson } from "./json.ts";
import { laidOver } from "./settings.ts";
import type { Study } from "./study.ts";
import type { Settings } from "./trial.ts";

export type BudgetName = "quick" | "full";

/** Everything that a trial's result depends on. */
export interface TrialIdentity {
  readonly study: string;
  readonly task: string;
  readonly variant: string;
  readonly seed: number;
  readonly config: Settings;
  /** Hash of the code. */
  readonly code: string;
  /** Hashes of the data, by name. */
  readonly data: { readonly [name: string]: string };
}

export interface PlannedTrial extends TrialIdentity {
  /** SHA-256 of the identity. */
  readonly id: string;
  /** Name of the trial's folder below `trials/`. */
  readonly folder: string;
}

export interface PlanOptions {
  readonly budget: BudgetName;
  readonly code: string;
  readonly data: { readonly [name: string]: string };
  /**
   * How many seeds; by default those of the budget, else all of the study's. More than the study lists go on counting.
   */
  readonly seeds?: number;
}

/**
 * The trials of a study under a budget: tasks, then seeds, then variants, so that early results already compare
 * variants.
 */
export function plan(study: Study, options: PlanOptions): PlannedTrial[] {
  const seeds = seedsOf(study, options.seeds ?? study.budget[options.budget].seeds ?? study.seeds.length);
  return Object.keys(study.tasks).flatMap((task) =>
    seeds.flatMap((seed) =>
      Object.keys(study.variants).map((variant) => {
        const { code, data } = options;
        return identified({
          study: study.name,
          task,
          variant,
          seed,
          config: trialConfig(study, { task, variant, budget: options.budget }),
          code,
          data,
        });
      }),
    ),
  );
}

/**
 * The study's settings with those of the task, the variant, the budget and the budget's part for the task laid over
 * them, in this order; objects member by member.
 */
export function trialConfig(
  study: Study,
  { task, variant, budget }: { task: string; variant: string; budget: BudgetName },
): Settings {
  const { seeds: _, perTask, ...common } = study.budget[budget];
  return [study.tasks[task], study.variants[variant], common, perTask?.[task]].reduce<Settings>(
    (below, layer) => laidOver(below, layer ?? {}),
    study.settings,
  );
}

/** Adds the id and the folder to what identifies a trial. */
export function identified(identity: TrialIdentity): PlannedTrial {
  const { study, task, variant, seed, config, code, data } = identity;
  const id = sha256(canonicalJson({ study, task, variant, seed, config, code, data }));
  return { ...identity, id, folder: [slug(task), slug(variant), `seed${seed}`, id.slice(0, 12)].join("-") };
}

/**
 * The key a trial draws its random numbers from. It does not depend on task or variant, so that comparisons are paired.
 */
export function seedKey(study: string, seed: number): number {
  return Number.parseInt(sha256(`sluice study ${study} seed ${seed}`).slice(0, 8), 16);
}

function seedsOf(study: Study, count: number): number[] {
  if (!Number.isInteger(count) || count < 1)
    throw studyError(`seeds: ${count} given, expected a whole number of at least 1`);
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
