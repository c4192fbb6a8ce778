import { apply } from "../apply.ts";
import { TensorError } from "../errors.ts";
import { nth } from "../lists.ts";
import type { Node } from "../node.ts";
import { describe, type Tensor } from "../tensor.ts";
import { sameShape } from "../shape.ts";
import type { Program } from "./program.ts";

/**
 * Applies a program's operations to `args`. On arrays it computes the results in the program's order; this is the
 * reference backend. On symbols it copies the program into the one being recorded.
 */
export function evaluate(program: Program, args: readonly Tensor[]): Tensor[] {
  checkArguments(program, args);
  const values = new Values();
  program.inputs.forEach((input, i) => values.set(input.node, [nth(args, i)]));
  for (const node of program.nodes) values.set(node, apply(node.rules, node.operation, node.inputs.map(values.get)));
  return program.outputs.map(values.get);
}

/** The values of a program's symbols while it is evaluated or rewritten. */
export class Values {
  readonly #outputs = new Map<Node, readonly Tensor[]>();

  readonly set = (node: Node, outputs: readonly Tensor[]): void => {
    this.#outputs.set(node, outputs);
  };

  /** Arrays, and symbols without a value, stand for themselves. */
  readonly get = (x: Tensor): Tensor => {
    if (x.kind === "array") return x;
    return this.#outputs.get(x.node)?.[x.index] ?? x;
  };
}

function checkArguments(program: Program, args: readonly Tensor[]): void {
  if (args.length !== program.inputs.length) {
    throw new TensorError(`program: expected ${program.inputs.length} inputs, got ${args.length}`);
  }
  program.inputs.forEach((input, i) => {
    const arg = nth(args, i);
    if (input.dtype === arg.dtype && sameShape(input.shape, arg.shape)) return;
    throw new TensorError(
      `program: input ${i} expects ${input.dtype} ${describe(input)}, got ${arg.dtype} ${describe(arg)}`,
    );
  });
}
