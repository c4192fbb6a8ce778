/** Why the step of a cell is not linear in its states, if it is not. */
import { leavesOf } from "@sluice/tensor";
import { isFloat, nodesOf, type Node } from "@sluice/tensor/internal";
import type { Cell } from "./cell.ts";
import { stepOnSymbols } from "./probe.ts";

/** Operations whose results are linear in all operands together. */
const linear: ReadonlySet<string> = new Set([
  "add",
  "broadcast",
  "concat",
  "convert",
  "cumulativeSum",
  "name",
  "neg",
  "pad",
  "reduceSum",
  "reshape",
  "slice",
  "sub",
  "transpose",
]);
/** Operations that are linear in each operand, so that only one may depend on the states. */
const bilinear: ReadonlySet<string> = new Set(["matmul", "mul"]);

/** Operations under a name that says more. */
const words: Readonly<Record<string, string>> = {
  customGradient: "a step function",
  max: "a maximum",
  mul: "a product",
};

/**
 * The first operation of a cell's step that makes its next float states depend on its float states in another way than
 * linearly, with the states that it reads: `sigmoid of h`. Undefined if there is none: the next states are then linear
 * in the states, with coefficients from the input. The output may depend on the states in any way.
 */
export function nonLinearIn(cell: Cell): string | undefined {
  const { before, stepped } = stepOnSymbols(cell);
  const after = leavesOf(stepped.state)
    .map(({ tensor }) => tensor)
    .filter(({ dtype }) => isFloat(dtype));
  const sources = new Map<Node, string>();
  for (const { path, tensor } of leavesOf(before))
    if (tensor.kind === "symbol" && isFloat(tensor.dtype)) sources.set(tensor.node, path);
  const reads = new Map<Node, readonly string[]>();
  for (const node of nodesOf(after, new Set())) {
    const source = sources.get(node);
    if (source !== undefined) {
      reads.set(node, [source]);
      continue;
    }
    const read = node.inputs.map((input) => (input.kind === "symbol" ? reads.get(input.node) : undefined) ?? []);
    const all = [...new Set(read.flat())];
    const { op } = node.operation;
    const depends = read.map((states) => states.length > 0);
    if (all.length > 0 && !staysLinear(op, depends)) return `${words[op] ?? op} of ${all.join(" and ")}`;
    reads.set(node, all);
  }
  return undefined;
}

/** Whether an operation is linear in those operands that depend on the states. */
function staysLinear(op: string, depends: readonly boolean[]): boolean {
  if (linear.has(op)) return true;
  if (bilinear.has(op)) return depends.filter(Boolean).length === 1;
  // Of a quotient the divisor, and of a choice the condition, must not depend on them.
  if (op === "div") return depends[1] === false;
  return op === "select" && depends[0] === false;
}
