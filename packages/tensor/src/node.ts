import type { Operation } from "./primitives/operation.ts";
import type { ArrayTensor, Tensor, Type } from "./tensor.ts";

/**
 * One application of a primitive in a recorded program. Nodes are immutable; a program is the graph that its outputs
 * reach.
 */
export interface Node {
  readonly operation: Operation;
  readonly rules: Rules<Operation>;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Type[];
}

/**
 * What a gradient rule sees: the node's inputs and outputs, and the cotangent of each output (undefined where it has
 * none).
 */
export interface GradientContext<O extends Operation> {
  readonly operation: O;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly cotangents: readonly (Tensor | undefined)[];
  /** Which inputs' cotangents are asked for. */
  readonly needs: readonly boolean[];
}

/** What a gradient rule gives. */
export interface GradientResult {
  /** One per input; undefined where there is no gradient or none was asked for. */
  readonly cotangents: readonly (Tensor | undefined)[];
  /** Tensors equal to the node's outputs that the gradient computes anyway; the node itself is then dropped. */
  readonly outputs?: readonly Tensor[];
}

/**
 * What the gradient of a loop does about a value that it reads again: a `view` is not kept, but what it looks at; a
 * `cheap` one is computed again where its operands are kept; a `costly` one is kept.
 */
export type Recompute = "view" | "cheap" | "costly";

/** A primitive, in one place: its shape rule, its reference evaluation and its gradient rule. */
export interface Rules<O extends Operation> {
  readonly op: O["op"];
  readonly recompute: Recompute;
  /** Types of the outputs; throws a TensorError that names the operands where they do not fit. */
  infer(operation: O, inputs: readonly Tensor[]): readonly Type[];
  /** The definition of the values, to the bit, that every deterministic backend keeps. */
  evaluate(operation: O, inputs: readonly ArrayTensor[]): readonly ArrayTensor[];
  gradient(context: GradientContext<O>): GradientResult;
}
