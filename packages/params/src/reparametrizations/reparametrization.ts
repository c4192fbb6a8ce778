import { TensorError, type ArrayTensor, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { checkMade, shown } from "@sluice/tensor/internal";
import type { BufferSpec } from "../buffers.ts";
import type { ParameterSpec, Specs } from "../parameter.ts";
import { isReparametrized, isSpec, specsOf } from "../specs.ts";

/** The parameters that stand for a weight: one under the weight's own name, or several under names below it. */
export type WeightParameters = ParameterSpec | { readonly [name: string]: ParameterSpec };

/** How a weight is made of parameters. `P` is the tree of their values. */
export interface Reparametrization<P extends Tree = Tree> {
  readonly name: string;
  /**
   * The parameters of a weight. Where several reparametrizations make one weight, the first parameter is what those
   * before make. Throws a TensorError where a weight of this shape cannot be made.
   */
  params(weight: ParameterSpec): WeightParameters;
  /** Initial values of the parameters, f64, from those of the weight: they make that weight again where they can. */
  initial(weight: ArrayTensor): P;
  /** Numbers beside the parameters that it changes in training without a gradient. Default: none. */
  buffers?(weight: ParameterSpec): Readonly<Record<string, BufferSpec>>;
  /**
   * The weight, of the shape that `params` was given, or that and the buffers after it. Pure, with a gradient. It is made
   * once for each call of a layer, so in training that is the change of a step.
   */
  weight(params: P, context: ReparametrizationContext): Tensor | MadeWeight;
}

/** A weight, and the buffers after it was made. Those that are left out stay as they are, and so do all in evaluation. */
export interface MadeWeight {
  readonly weight: Tensor;
  readonly buffers: Readonly<Record<string, Tensor>>;
}

/** What a reparametrization is given besides its parameters. */
export interface ReparametrizationContext {
  /** Of the weight. */
  readonly shape: Shape;
  readonly training: boolean;
  /** Its buffers, as they were before. */
  readonly buffers: Readonly<Record<string, Tensor>>;
  /** A random key, i32 `[2]`, of the weight's own; an error where the layer was given none. */
  key(): Tensor;
}

/** A weight that is made of parameters: what {@link reparametrized} returns. */
export interface ReparametrizedSpec {
  readonly kind: "reparametrized";
  /** The weight, as equations see it. */
  readonly weight: ParameterSpec;
  /** Each acts on what the one before makes. */
  readonly by: readonly Reparametrization[];
  /** What the last of them needs. The first of these may be reparametrized in turn, by those before. */
  readonly params: Specs;
}

/**
 * The spec of a weight that is made of other parameters: `reparametrized(kernel([3, 4]), weightNorm(), dropConnect(0.5))`.
 * The first reparametrization makes a weight of parameters, and each of the others acts on what the one before made.
 *
 * Equations see the weight, under its name; what is trained, counted and saved are the parameters, `W.direction` and
 * `W.gain`. A regularizer of the weight goes on acting on the weight. A constraint needs a parameter of the weight's
 * shape that it can act on, which only {@link dropConnect} leaves it.
 */
export function reparametrized(
  spec: ParameterSpec | ReparametrizedSpec,
  ...by: readonly Reparametrization[]
): ReparametrizedSpec {
  if (isReparametrized(spec)) return reparametrized(spec.weight, ...spec.by, ...by);
  if (!isSpec(spec))
    throw new TensorError(`reparametrized: the spec is ${shown(spec)}, expected one such as kernel([3, 4])`);
  const last = by.at(-1);
  if (last === undefined)
    throw new TensorError("reparametrized: expected at least one reparametrization, such as weightNorm()");
  for (const given of by) checkReparametrization("reparametrized", given);
  checkBuffered(spec, by);
  const { regularizer: _, ...bare } = spec;
  const before = by.slice(0, -1);
  const parts = last.params(bare);
  const params = before.length === 0 ? parts : withFirst(parts, (first) => reparametrized(first, ...before));
  if (spec.constraint !== undefined && specsOf(params).every(({ spec: { constraint } }) => constraint === undefined))
    throw new TensorError(
      `${last.name}: the weight has a constraint, which acts on parameters, and there is none of the weight's own shape left; leave out the constraint or the reparametrization`,
    );
  return { kind: "reparametrized", weight: spec, by, params };
}

/** What makes the weight of the parameters themselves. */
export function lastOf({ by }: ReparametrizedSpec): Reparametrization {
  const last = by.at(-1);
  if (last === undefined) throw new TensorError("reparametrized: a spec without a reparametrization");
  return last;
}

/** An error where a value is not a reparametrization. */
function checkReparametrization(operation: string, given: unknown): asserts given is Reparametrization {
  const members = { name: "string", params: "function", initial: "function", weight: "function" } as const;
  checkMade(operation, "the reparametrization", given, members, "weightNorm()");
}

/** Buffers stand under the name of what they are of, and a penalty is computed where there are none. */
function checkBuffered(spec: ParameterSpec, by: readonly Reparametrization[]): void {
  const buffered = by.filter(({ buffers }) => buffers !== undefined).map(({ name }) => name);
  const twice = buffered.find((name, i) => buffered.indexOf(name) !== i);
  if (twice !== undefined)
    throw new TensorError(`reparametrized: ${twice} is given twice for one weight, and its buffers have one place`);
  if (buffered.length > 0 && spec.regularizer !== undefined)
    throw new TensorError(
      `${buffered.join(", ")}: the weight has a regularizer, whose penalty would need the buffers of the weight; leave out one of the two`,
    );
}

function withFirst(parts: WeightParameters, f: (first: ParameterSpec) => ReparametrizedSpec): Specs {
  if (isSpec(parts)) return f(parts);
  return Object.fromEntries(Object.entries(parts).map(([name, part], i) => [name, i === 0 ? f(part) : part]));
}
