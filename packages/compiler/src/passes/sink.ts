import {
  add,
  applyOne,
  applyScan,
  input,
  matmul,
  neg,
  programOf,
  reshape,
  sizeOf,
  splitScan,
  sum,
  transpose,
  type Program,
  type ScanOperation,
  type SymbolTensor,
  type Tensor,
} from "@sluice/tensor";
import { addendOf } from "./addend.ts";
import { rewriteScans } from "./rewrite.ts";
import { countUses, hasLoop } from "./uses.ts";

/**
 * Sink: a sum that a loop only adds to, such as a weight's gradient, leaves the loop. What a step would add is a product or a row sum of values of that
 * step; those are stacked instead, and one product over all steps (time x batch rows) gives the total.
 */
export function sink(program: Program): Program {
  return rewriteScans(program, sinkScan);
}

/** The total over all steps, from the stacked values of the step's tensors. */
type Total = (stacked: (x: Tensor) => Tensor) => Tensor;

function sinkScan(operation: ScanOperation, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const { body, length } = operation;
  if (hasLoop(body)) return undefined;
  const inner = splitScan(operation, body.inputs);
  const outer = splitScan(operation, inputs);
  const uses = countUses(body);
  const totals = inner.states.map((state, i) => {
    const initial = outer.states[i]!;
    if (initial.kind !== "array" || initial.data.some((v) => v !== 0)) return undefined;
    const added = addendOf(state, body.outputs[i]!, uses);
    return added && totalOf(added, length);
  });
  if (totals.every((total) => total === undefined)) return undefined;

  // Sequences of the loop are stacked already; other values become outputs of it.
  const needed: SymbolTensor[] = [];
  const indexOf = (x: SymbolTensor): number => needed.findIndex((y) => y.node === x.node && y.index === x.index);
  const probe = (x: Tensor): Tensor => {
    if (x.kind === "symbol" && !inner.sequences.some((y) => y.node === x.node) && indexOf(x) < 0) needed.push(x);
    return input({ shape: [length, ...x.shape], dtype: x.dtype });
  };
  for (const total of totals) total?.(probe);

  const kept = inner.states.flatMap((_, i) => (totals[i] === undefined ? [i] : []));
  const results = applyScan(
    {
      ...operation,
      body: programOf(
        [...inner.captures, ...kept.map((i) => inner.states[i]!), ...inner.sequences],
        [...kept.map((i) => body.outputs[i]!), ...body.outputs.slice(operation.states), ...needed],
      ),
      states: kept.length,
    },
    [...outer.captures, ...kept.map((i) => outer.states[i]!), ...outer.sequences],
  );
  const outputs = body.outputs.length - operation.states;
  const stacked = (x: Tensor): Tensor => {
    if (x.kind === "array") throw new Error("a constant is not stacked");
    const sequence = inner.sequences.findIndex((y) => y.node === x.node);
    return sequence >= 0 ? outer.sequences[sequence]! : results[kept.length + outputs + indexOf(x)]!;
  };
  return [
    ...inner.states.map((_, i) => totals[i]?.(stacked) ?? results[kept.indexOf(i)]!),
    ...results.slice(kept.length, kept.length + outputs),
  ];
}

function totalOf(x: Tensor, time: number): Total | undefined {
  if (x.kind === "array") return undefined;
  const { operation, rules, inputs } = x.node;
  const [a, b] = inputs;
  const merged = (stacked: Tensor): Tensor => reshape(stacked, [time * stacked.shape[1]!, ...stacked.shape.slice(2)]);
  const of = (part: Tensor, f: (total: Tensor) => Tensor): Total | undefined => {
    const inside = totalOf(part, time);
    return inside && ((stacked) => f(inside(stacked)));
  };
  switch (operation.op) {
    case "add": {
      const left = totalOf(a!, time);
      const right = totalOf(b!, time);
      return left && right && ((stacked) => add(left(stacked), right(stacked)));
    }
    case "matmul": {
      const columns = a!;
      if (columns.kind === "array" || columns.node.operation.op !== "transpose" || columns.shape.length !== 2 || b!.kind === "array") return undefined;
      const rows = columns.node.inputs[0]!;
      if (rows.kind === "array") return undefined;
      return (stacked) => matmul(transpose(merged(stacked(rows))), merged(stacked(b!)));
    }
    case "reduceSum":
      if (a!.kind === "array") return undefined;
      return operation.axis === 0
        ? (stacked) => sum(merged(stacked(a!)), 0)
        : (stacked) => sum(applyOne(rules, { op: "reduceSum", axis: operation.axis + 1 }, [stacked(a!)]), 0);
    case "reshape":
      return of(a!, (total) => reshape(total, operation.shape));
    case "transpose":
    case "pad":
    case "slice":
      return of(a!, (total) => applyOne(rules, operation, [total]));
    case "neg":
      return of(a!, neg);
    default:
      // Small enough to be kept for every step.
      return sizeOf(x.shape) <= 4096 ? (stacked) => sum(stacked(x), 0) : undefined;
  }
}
