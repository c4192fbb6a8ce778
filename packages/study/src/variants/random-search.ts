import { sha256 } from "@sluice/formats";
import { studyError } from "../error.ts";
import type { Json } from "../json.ts";

/** The distribution of a setting, as plain data. Both ends of a range can be drawn. */
export type Distribution =
  /** Uniform in a range. */
  | { readonly uniform: readonly [low: number, high: number] }
  /** Uniform in the logarithm: as many draws from 0.001 to 0.01 as from 0.01 to 0.1. Both ends are above 0. */
  | { readonly logUniform: readonly [low: number, high: number] }
  /** Uniform over the integers of a range. */
  | { readonly integer: readonly [low: number, high: number] }
  /** Uniform over the values of a list. */
  | { readonly choice: readonly Json[] };

export type Distributions = { readonly [setting: string]: Distribution };

type DrawOf<D> = D extends { readonly choice: readonly (infer V)[] } ? V : number;

/** Options of {@link randomSearch}. */
export interface RandomSearchOptions {
  /** The number of variants. */
  readonly draws: number;
  /** Seed of the draws; default 0. */
  readonly seed?: number;
}

/**
 * Variants of a study with randomly drawn settings (Bergstra and Bengio 2012, "Random search for hyper-parameter
 * optimization"), named "draw 1", "draw 2" and so on.
 *
 * Each value depends only on the seed, the number of the draw and the name of the setting. Additional draws or settings
 * therefore change none of the others. Values are the same on every machine. Numbers of a continuous range are rounded
 * to three significant digits, so that a report can print exactly what was run.
 *
 * @throws an error that names the setting, if its range is empty or does not consist of numbers.
 */
export function randomSearch<const D extends Distributions>(
  distributions: D,
  { draws, seed = 0 }: RandomSearchOptions,
): { readonly [variant: string]: { readonly [K in keyof D]: DrawOf<D[K]> } } {
  if (!Number.isInteger(draws) || draws < 1)
    throw studyError(`randomSearch: draws is ${draws}, expected an integer of at least 1`);
  if (!Number.isSafeInteger(seed)) throw studyError(`randomSearch: seed is ${seed}, expected an integer`);
  const samplers = Object.entries(distributions).map(([setting, given]) => ({
    setting,
    draw: samplerOf(setting, given),
  }));
  const variants = Array.from({ length: draws }, (_, index) => {
    const values = samplers.map(({ setting, draw }) => [
      setting,
      draw(unitInterval(`sluice random search ${seed} draw ${index + 1} of ${setting}`)),
    ]);
    return [`draw ${index + 1}`, Object.fromEntries(values)];
  });
  return Object.fromEntries(variants);
}

/** From a number in [0, 1) to a value. */
function samplerOf(setting: string, given: Distribution): (u: number) => Json {
  if ("choice" in given) {
    const { choice } = given;
    if (choice.length === 0) throw studyError(`randomSearch: ${setting}: choice has no values: list at least one`);
    return (u) => choice[Math.floor(u * choice.length)] ?? null;
  }
  if ("integer" in given) {
    const [low, high] = range(setting, "integer", given.integer);
    if (!Number.isInteger(low) || !Number.isInteger(high))
      throw studyError(`randomSearch: ${setting}: integer from ${low} to ${high}, expected integers`);
    return (u) => low + Math.floor(u * (high - low + 1));
  }
  if ("logUniform" in given) {
    const [low, high] = range(setting, "logUniform", given.logUniform);
    if (low <= 0) throw studyError(`randomSearch: ${setting}: logUniform from ${low}, expected a number above 0`);
    return (u) => rounded(low * power(high / low, u), low, high);
  }
  if (!("uniform" in given))
    throw studyError(`randomSearch: ${setting}: unknown distribution; known: uniform, logUniform, integer, choice`);
  const [low, high] = range(setting, "uniform", given.uniform);
  return (u) => rounded(low + u * (high - low), low, high);
}

function range(setting: string, kind: string, [low, high]: readonly [number, number]): readonly [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high) || low > high)
    throw studyError(`randomSearch: ${setting}: ${kind} from ${low} to ${high}, expected two numbers, the lower first`);
  return [low, high];
}

function rounded(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Number(value.toPrecision(3))));
}

/** A number in [0, 1) with 52 bits, from the beginning of a SHA-256. */
function unitInterval(text: string): number {
  return Number.parseInt(sha256(text).slice(0, 13), 16) / 0x10000000000000;
}

/**
 * `base` to the power of `u` in [0, 1), as the product of the roots that the binary digits of `u` select. Square roots
 * and products are exactly defined everywhere; `Math.pow` is not.
 */
function power(base: number, u: number): number {
  let [root, rest, product] = [base, u, 1];
  for (let digit = 0; digit < 52; digit += 1) {
    root = Math.sqrt(root);
    rest *= 2;
    if (rest >= 1) {
      rest -= 1;
      product *= root;
    }
  }
  return product;
}
