import type { InputsOf, Operation, OperationOf, OutputsOf } from "./primitives/operation.ts";
import type { ArrayTensor, Tensor, Type } from "./tensor.ts";

/**
 * One application of a primitive in a recorded program. Nodes are immutable. A program is everything reachable from its
 * outputs.
 */
export interface Node {
  readonly operation: Operation;
  readonly rules: Rules<Operation>;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Type[];
}

/** A node whose operation is known, and with it the number of its operands and results. */
export type NodeOf<O extends Operation> = Node & {
  readonly operation: O;
  readonly inputs: InputsOf<O, Tensor>;
  readonly outputs: OutputsOf<O, Type>;
};

/** Whether a node applies the primitive `op`. */
export function isNodeOf<N extends Operation["op"]>(node: Node, op: N): node is NodeOf<OperationOf<N>> {
  return node.operation.op === op;
}

/**
 * The arguments of a gradient rule: the node's inputs and outputs, and the cotangent of each output (undefined if it
 * has none).
 */
export interface GradientContext<O extends Operation> {
  readonly operation: O;
  readonly inputs: InputsOf<O, Tensor>;
  readonly outputs: OutputsOf<O, Tensor>;
  readonly cotangents: OutputsOf<O, Tensor | undefined>;
  /** The inputs whose cotangents are needed. */
  readonly needs: readonly boolean[];
}

/** The result of a gradient rule. */
export interface GradientResult {
  /** One per input; undefined if there is no gradient or it is not needed. */
  readonly cotangents: readonly (Tensor | undefined)[];
  /** Tensors equal to the node's outputs that the gradient computes anyway. The node itself is then dropped. */
  readonly outputs?: readonly Tensor[];
}

/**
 * How a loop's gradient gets a value that it needs again. A `view` is not kept, but its operand is; a `cheap` value is
 * computed again if its operands are kept; a `costly` value is kept.
 */
export type Recompute = "view" | "cheap" | "costly";

/** A primitive, in one place: its shape rule, its reference evaluation and its gradient rule. */
export interface Rules<O extends Operation> {
  readonly op: O["op"];
  readonly recompute: Recompute;
  /** Types of the outputs. Throws a TensorError that names the operands if they do not fit. */
  infer(operation: O, inputs: InputsOf<O, Tensor>): readonly Type[];
  /** The definition of the values, to the bit. Every deterministic backend follows it. */
  evaluate(operation: O, inputs: InputsOf<O, ArrayTensor>): readonly ArrayTensor[];
  /** The gradient rule, made of other primitives. */
  gradient(context: GradientContext<O>): GradientResult;
}
