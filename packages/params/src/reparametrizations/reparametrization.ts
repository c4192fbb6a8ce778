import { TensorError, type ArrayTensor, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { checkMade, shown } from "@sluice/tensor/internal";
import type { BufferSpec } from "../buffers.ts";
import type { ParameterSpec, Specs } from "../parameter.ts";
import { isReparametrized, isSpec, specsOf } from "../specs.ts";

/** The parameters that stand for a weight: one under the weight's own name, or several under names below it. */
export type WeightParameters = ParameterSpec | { readonly [name: string]: ParameterSpec };

/** Computes a weight from other parameters. `P` is the tree of their values. */
export interface Reparametrization<P extends Tree = Tree> {
  readonly name: string;
  /**
   * The parameters of a weight. If several reparametrizations make one weight, the first parameter is the result of
   * those before. Throws a TensorError if a weight of this shape is not possible.
   */
  params(weight: ParameterSpec): WeightParameters;
  /** Initial values of the parameters, f64, from the initial weight. They reproduce that weight if possible. */
  initial(weight: ArrayTensor): P;
  /** Buffers that it changes in training without a gradient. Default: none. */
  buffers?(weight: ParameterSpec): Readonly<Record<string, BufferSpec>>;
  /**
   * Computes the weight, of the shape passed to `params`, or the weight and the next buffers. Pure and differentiable.
   * It is called once per call of a layer, so in training the buffers change once per step.
   */
  weight(params: P, context: ReparametrizationContext): Tensor | MadeWeight;
}

/** A weight and the next buffers. Buffers that are left out do not change; in evaluation none do. */
export interface MadeWeight {
  readonly weight: Tensor;
  readonly buffers: Readonly<Record<string, Tensor>>;
}

/** What a reparametrization gets besides its parameters. */
export interface ReparametrizationContext {
  /** Of the weight. */
  readonly shape: Shape;
  readonly training: boolean;
  /** Its current buffers. */
  readonly buffers: Readonly<Record<string, Tensor>>;
  /** The weight's random key, i32 `[2]`; an error if the layer got no key. */
  key(): Tensor;
}

/** The spec of a reparametrized weight, from {@link reparametrized}. */
export interface ReparametrizedSpec {
  readonly kind: "reparametrized";
  /** The spec of the weight that the equations use. */
  readonly weight: ParameterSpec;
  /** Each acts on the result of the one before. */
  readonly by: readonly Reparametrization[];
  /**
   * The parameters of the last reparametrization. The first of these may itself be reparametrized by the earlier ones.
   */
  readonly params: Specs;
}

/**
 * The spec of a weight that is computed from other parameters: `reparametrized(kernel([3, 4]), weightNorm(),
 * dropConnect(0.5))`. The first reparametrization computes a weight from parameters; each of the others acts on the
 * result of the one before.
 *
 * Equations use the weight under its name; the parameters, `W.direction` and `W.gain`, are trained, counted and saved.
 * A regularizer of the weight still acts on the weight. A constraint needs a parameter that is the weight itself, so it
 * works only with {@link dropConnect}.
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
      `${last.name}: the weight has a constraint, but the weight is no longer a parameter that a constraint could act on; leave out the constraint or the reparametrization`,
    );
  return { kind: "reparametrized", weight: spec, by, params };
}

/** The last reparametrization, which makes the weight. */
export function lastOf({ by }: ReparametrizedSpec): Reparametrization {
  const last = by.at(-1);
  if (last === undefined) throw new TensorError("reparametrized: a spec without a reparametrization");
  return last;
}

/** Throws if a value is not a reparametrization. */
function checkReparametrization(operation: string, given: unknown): asserts given is Reparametrization {
  const members = { name: "string", params: "function", initial: "function", weight: "function" } as const;
  checkMade(operation, "the reparametrization", given, members, "weightNorm()");
}

/**
 * Rejects combinations that cannot work: buffers are stored under the reparametrization's name, and penalties are
 * computed without buffers.
 */
function checkBuffered(spec: ParameterSpec, by: readonly Reparametrization[]): void {
  const buffered = by.filter(({ buffers }) => buffers !== undefined).map(({ name }) => name);
  const twice = buffered.find((name, i) => buffered.indexOf(name) !== i);
  if (twice !== undefined)
    throw new TensorError(
      `reparametrized: ${twice} is given twice for one weight, but there is only one place for its buffers`,
    );
  if (buffered.length > 0 && spec.regularizer !== undefined)
    throw new TensorError(
      `${buffered.join(", ")}: the weight has a regularizer, but penalties are computed without the weight's buffers; leave out the regularizer or the reparametrization`,
    );
}

function withFirst(parts: WeightParameters, f: (first: ParameterSpec) => ReparametrizedSpec): Specs {
  if (isSpec(parts)) return f(parts);
  return Object.fromEntries(Object.entries(parts).map(([name, part], i) => [name, i === 0 ? f(part) : part]));
}
