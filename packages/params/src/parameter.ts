import type { ArrayTensor, Shape, Tensor, Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { glorotUniform } from "./initializers/scaled.ts";
import { zeros } from "./initializers/constant.ts";
import { orthogonal } from "./initializers/orthogonal.ts";
import type { Initializer, Sizes } from "./initializers/initializer.ts";
import type { Constraint } from "./constraints/constraint.ts";
import type { ReparametrizedSpec } from "./reparametrizations/reparametrization.ts";
import type { Regularizer } from "./regularizers.ts";

/** The role of a parameter. Initializers and regularizers can be chosen for all parameters of a role at once. */
export type Role = "kernel" | "recurrent" | "bias" | "norm" | "other";

/** The spec of a parameter. */
export interface ParameterSpec {
  readonly kind: "parameter";
  readonly shape: Shape;
  readonly role: Role;
  readonly initializer: Initializer;
  /** Wraps the initializer, including one that the user chose instead; used for an LSTM's forget bias. */
  readonly adjust?: (initial: ArrayTensor) => ArrayTensor;
  readonly regularizer?: Regularizer;
  /** Applied after each update: by `fit` itself, by `trainer` with {@link constrain}. */
  readonly constraint?: Constraint;
  /** The sizes of the cell, for the initializer. */
  readonly sizes?: Sizes;
}

/** Specs in nested plain objects and arrays; the path to a spec is the parameter's name. */
export type Specs = ParameterSpec | ReparametrizedSpec | readonly Specs[] | { readonly [name: string]: Specs };

/**
 * The tree of parameters that a tree of specs describes; a reparametrized weight is replaced by the parameters it is
 * computed from.
 */
export type ParamsOf<D extends Specs> = D extends ParameterSpec
  ? Tensor
  : D extends ReparametrizedSpec
    ? Tree
    : { [K in keyof D]: IsAnySpecs<D[K]> extends true ? Tree : D[K] extends Specs ? ParamsOf<D[K]> : never };

/** The tree of weights that a tree of specs describes: one tensor for each spec, reparametrized or not. */
export type WeightTensors<D extends Specs> = D extends ParameterSpec | ReparametrizedSpec
  ? Tensor
  : { [K in keyof D]: IsAnySpecs<D[K]> extends true ? Tree : D[K] extends Specs ? WeightTensors<D[K]> : never };

/** Whether nothing is known of specs, so that there is no end to their nesting. `{}` takes them too, and a number. */
type IsAnySpecs<D> = [Specs] extends [D] ? ([0] extends [D] ? false : true) : false;

type SpecOptions = Partial<Pick<ParameterSpec, "initializer" | "adjust" | "regularizer" | "constraint" | "role">>;

/** A parameter of any role (default `other`, initially zeros). */
export function parameter(shape: Shape, options: SpecOptions = {}): ParameterSpec {
  checkOptions("parameter", options, ["role", "initializer", "adjust", "regularizer", "constraint"], {
    init: "initializer",
  });
  return { kind: "parameter", shape, role: "other", initializer: zeros, ...options };
}

/** A matrix `[input, gates * hidden]` that multiplies the input; by default glorotUniform. */
export const kernel = (shape: Shape, options: Omit<SpecOptions, "role"> = {}): ParameterSpec =>
  parameter(shape, { role: "kernel", initializer: glorotUniform, ...options });

/** A matrix `[hidden, gates * hidden]` that multiplies the state; by default orthogonal, as a whole. */
export const recurrentKernel = (shape: Shape, options: Omit<SpecOptions, "role"> = {}): ParameterSpec =>
  parameter(shape, { role: "recurrent", initializer: orthogonal, ...options });

/** A bias `[gates * hidden]`; by default zeros. */
export const bias = (shape: Shape, options: Omit<SpecOptions, "role"> = {}): ParameterSpec =>
  parameter(shape, { role: "bias", initializer: zeros, ...options });
