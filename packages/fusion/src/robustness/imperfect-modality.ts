import { add, and, bernoulli, mul, normal, reshape, TensorError, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkKey, checkOptions, isFloat, shown, suggestion } from "@sluice/tensor/internal";
import type { Modality } from "../fusion.ts";
import { oneModality } from "../one-modality.ts";

/** Options of {@link noisyModality}. */
export interface NoisyModalityOptions {
  /** The standard deviation of the noise, in the unit of the modality. 0 leaves it as it is. */
  readonly deviation: number;
  /** The random key. */
  readonly key: ArrayTensor;
}

/**
 * The same batch with normal noise added to every value of one modality. Throws a TensorError for an unknown modality,
 * one that is not of floats, and a wrong option.
 */
export function noisyModality<M extends string>(
  modalities: Readonly<Record<M, Modality>>,
  name: NoInfer<M>,
  options: NoisyModalityOptions,
): Record<M, Modality>;
export function noisyModality(
  modalities: Readonly<Record<string, Modality>>,
  name: string,
  options: NoisyModalityOptions,
): Record<string, Modality> {
  const operation = "noisyModality";
  checkOptions(operation, options, ["deviation", "key"], { std: "deviation", level: "deviation", seed: "key" });
  const { deviation, key } = options;
  if (!(deviation >= 0 && deviation < Infinity))
    throw new TensorError(`${operation}: deviation must be a finite number >= 0, got ${shown(deviation)}`);
  checkKey(operation, key);
  const given = oneModality(operation, modalities, name);
  const { x } = given;
  if (!isFloat(x.dtype)) throw new TensorError(`${operation}: modality ${name} is ${x.dtype}, expected floats`);
  return { ...modalities, [name]: { ...given, x: add(x, mul(normal(key, x.shape, { dtype: x.dtype }), deviation)) } };
}

/** Options of {@link dropFromModality}. */
export interface DropFromModalityOptions {
  /** The probability that a row, or a step, loses the modality, from 0 to 1. */
  readonly rate: number;
  /** The random key. */
  readonly key: ArrayTensor;
  /** Whether whole rows are dropped (default), or steps of a sequence. */
  readonly what?: "rows" | "steps";
}

/**
 * The same batch in which rows, or steps, lose one modality at random: they are not present. What is missing stays
 * missing, and a row may lose all that it has. (In training use {@link modalityDropout}.) Throws a TensorError for an
 * unknown modality and a wrong option.
 */
export function dropFromModality<M extends string>(
  modalities: Readonly<Record<M, Modality>>,
  name: NoInfer<M>,
  options: DropFromModalityOptions,
): Record<M, Modality>;
export function dropFromModality(
  modalities: Readonly<Record<string, Modality>>,
  name: string,
  options: DropFromModalityOptions,
): Record<string, Modality> {
  const operation = "dropFromModality";
  checkOptions(operation, options, ["rate", "key", "what"], { p: "rate", level: "rate", seed: "key" });
  const { rate, key, what = "rows" } = options;
  if (!(rate >= 0 && rate <= 1)) throw new TensorError(`${operation}: rate must lie in [0, 1], got ${shown(rate)}`);
  if (what !== "rows" && what !== "steps")
    throw new TensorError(`${operation}: unknown what ${String(what)}; ${suggestion(String(what), ["rows", "steps"])}`);
  checkKey(operation, key);
  const given = oneModality(operation, modalities, name);
  const [batch = 0, time = 0] = given.x.shape;
  if (what === "steps" && given.x.shape.length < 3)
    throw new TensorError(`${operation}: modality ${name} has no steps; drop rows`);
  const kept = bernoulli(key, what === "rows" ? [batch] : [batch, time], 1 - rate);
  return { ...modalities, [name]: { ...given, present: both(given.present, kept) } };
}

/** bool `[batch]`, or `[batch, time]` if one of both is that. */
function both(present: Tensor | undefined, kept: Tensor): Tensor {
  if (present === undefined) return kept;
  const asSteps = (flags: Tensor): Tensor =>
    flags.shape.length === 1 ? reshape(flags, [flags.shape[0] ?? 0, 1]) : flags;
  return present.shape.length === kept.shape.length ? and(present, kept) : and(asSteps(present), asSteps(kept));
}
