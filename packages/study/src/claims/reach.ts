import { studyError } from "../error.ts";
import { budgetOf, seedsOf } from "../plan.ts";
import { isSameSetting } from "../same-setting.ts";
import type { Study } from "../study.ts";
import type { Claim } from "./claim.ts";
import type { Detectable, TestDesign, Units } from "./design.ts";
import { formatP, SIGNIFICANT, type Unit } from "./evidence.ts";

/** Options of {@link reachOf}. */
export interface ReachOptions {
  /** Default: the study's default budget. */
  readonly budget?: string;
  /** How many seeds, or a list of them; default: those of the budget, or of the study. */
  readonly seeds?: number | readonly number[];
  /** The probability with which a difference is to be found; default 0.8. */
  readonly power?: number;
}

/** What one claim can find. */
export interface ClaimReach {
  readonly text: string;
  /** The name of the test; `null` for a test of one's own, of which nothing is known. */
  readonly method: string | null;
  /**
   * The claim is decided by a p-value below this, if no other claim of the study is: 0.05 divided by the number of
   * claims whose tests have a p-value (Holm's first step). A test of one's own that returns a p-value is not counted.
   */
  readonly level: number;
  /** The smallest p-value that the test can give. */
  readonly leastP: number | null;
  /** What the test finds with the wanted power at this level. */
  readonly detectable: Detectable | null;
  /** The fewest seeds with which the claim can be decided; `null` if that is not known or no number of them is enough. */
  readonly needs: number | null;
  /** Whether the claim can be decided; `null` if that is not known. */
  readonly decidable: boolean | null;
  /** All of this as sentences: what can be found, or why nothing can and how many seeds are needed. */
  readonly says: string;
}

/** What a run of a study can find. */
export interface Reach {
  readonly budget: string;
  readonly seeds: number;
  readonly claims: readonly ClaimReach[];
}

/** More seeds than this are not proposed. */
const MOST_SEEDS = 1000;

/**
 * What differences a study's seeds can detect, before anything is run. A claim whose test cannot reach its corrected
 * level with these seeds is named as such, with the number of seeds that it needs; so is one about a task
 * or variant that is not run. It only reads the definition.
 *
 * @throws an error for an unknown budget, or a number of seeds that is not a positive integer.
 */
export function reachOf(study: Study, options: ReachOptions = {}): Reach {
  const { name: budget, given } = budgetOf(study, options.budget);
  const seeds = seedsOf(study, options.seeds ?? given.seeds ?? study.seeds.length).length;
  const { power = 0.8 } = options;
  const tests = study.claims.filter(
    (claim) => claim.test.design !== undefined && lacking(claim, claim.test.design, { study, budget }) === null,
  ).length;
  const level = SIGNIFICANT / Math.max(1, tests);
  if (!(power > level && power < 1))
    throw studyError(`reachOf: power is ${power}, expected a number below 1, such as 0.8`);
  const folds = study.folds === undefined ? undefined : { of: study.folds, run: given.folds ?? study.folds };
  const values = { units: unitsFor(seeds, folds), unit: seeds === 1 && folds !== undefined ? "fold" : "seed" } as const;
  return {
    budget,
    seeds,
    claims: study.claims.map((claim) => claimReach(claim, { study, budget, ...values, level, power, tests })),
  };
}

/** Values are those of the seeds, or of the folds of a single seed. */
function unitsFor(seeds: number, folds: { readonly of: number; readonly run: number } | undefined): Units {
  if (seeds > 1 || folds === undefined) return { count: seeds, overlap: 0 };
  return { count: folds.run, overlap: 1 / (folds.of - 1) };
}

interface Given {
  readonly study: Study;
  readonly budget: string;
  readonly units: Units;
  readonly unit: Unit;
  readonly level: number;
  readonly power: number;
  readonly tests: number;
}

function claimReach(claim: Claim, given: Given): ClaimReach {
  const { text, test } = claim;
  const { units, level, power } = given;
  const { design } = test;
  if (design === undefined) {
    const says = "Not known: the claim is tested by a function of the study’s own.";
    return { text, method: null, level, leastP: null, detectable: null, needs: null, decidable: null, says };
  }
  const leastP = design.leastP(units);
  const lacks = lacking(claim, design, given);
  if (lacks !== null) {
    const says = `Cannot be decided: ${lacks}.`;
    return { text, method: design.method, level, leastP, detectable: null, needs: null, decidable: false, says };
  }
  const needs = fewestSeeds(design, level);
  const decidable = units.count >= design.minimum && leastP < level;
  const detectable = decidable ? design.detectable(units, { level, power }) : null;
  const says = decidable ? finding(design, detectable, given) : refusal(design, { ...given, leastP, needs });
  return { text, method: design.method, level, leastP, detectable, needs, decidable, says };
}

/** What a test needs and the run does not have, such as a variant that was left out; `null` if there is nothing. */
function lacking(
  { sameSetting = true }: Claim,
  { of, published = false }: TestDesign,
  { study: { tasks, variants, metrics }, budget }: Pick<Given, "study" | "budget">,
): string | null {
  if (published && !isSameSetting(sameSetting, budget))
    return `the setting of the budget "${budget}" is not the published one`;
  for (const { task, variants: compared, metric } of of) {
    const variant = compared.find((name) => !Object.hasOwn(variants, name));
    if (!Object.hasOwn(tasks, task)) return `the task "${task}" is not run`;
    if (variant !== undefined) return `the variant "${variant}" is not run`;
    if (!Object.hasOwn(metrics, metric)) return `the study has no metric "${metric}"`;
  }
  return null;
}

function fewestSeeds({ minimum, leastP }: TestDesign, level: number): number | null {
  for (let count = minimum; count <= MOST_SEEDS; count += 1) if (leastP({ count, overlap: 0 }) < level) return count;
  return null;
}

function finding(
  { method }: TestDesign,
  detectable: Detectable | null,
  { units, unit, level, power, tests }: Given,
): string {
  const with_ = `With ${plural(units.count, unit)} the ${method}`;
  const at = `p < ${shown(level)}${tests > 1 ? `, which is 0.05 for ${tests} claims` : ""}`;
  if (detectable === null) return `${with_} can decide the claim (${at}); what it finds is not known.`;
  return `${with_} finds ${detectable.text}, with ${Math.round(100 * power)} % power (${at}).`;
}

function refusal(
  { method, minimum }: TestDesign,
  { units, unit, level, tests, leastP, needs }: Given & { readonly leastP: number; readonly needs: number | null },
): string {
  const needed = needs === null ? "More seeds do not help." : `It needs ${plural(needs, "seed")}.`;
  if (leastP < level || units.count < 2)
    return `Cannot be decided with ${plural(units.count, unit)}: with fewer than ${minimum} it stays undecided. ${needed}`;
  const corrected = tests > 1 ? ` (0.05 corrected for ${tests} claims)` : "";
  const reason =
    units.overlap > 0
      ? `the ${method} cannot be used for the folds of one seed`
      : `the ${method} gives no p-value below ${formatP(leastP).replace("p = ", "")}, and the claim needs one below ${shown(level)}${corrected}`;
  return `Cannot be decided with ${plural(units.count, unit)}: ${reason}. ${needed}`;
}

const shown = (level: number): string => String(Number(level.toPrecision(3)));

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;
