import { add, matmul, reshape, transpose, type Tensor } from "@sluice/tensor";
import {
  applyOne,
  isNodeOf,
  nth,
  sizeOf,
  type NodeOf,
  type OperationOf,
  type SymbolTensor,
} from "@sluice/tensor/internal";
import { factsOf } from "../facts/facts.ts";
import { totalOfBatched } from "./batched-total.ts";

/** Ways to get from a value of the step to all steps. */
export interface OfAllSteps {
  /** All steps, [time, ...]. */
  stacked(x: SymbolTensor): Tensor;
  /** Their sum. */
  summed(x: SymbolTensor): Tensor;
  /** The sum of all rows (axis 0) of all steps. */
  rowsSummed(x: SymbolTensor): Tensor;
}

/** The total over all steps. */
export type Total = (of: OfAllSteps) => Tensor;

/** How the total of `x` is computed outside of the loop; undefined if adding `x` up in the loop is as good. */
export function totalOf(x: Tensor): Total | undefined {
  if (x.kind === "array") return undefined;
  const { node } = x;
  if (isNodeOf(node, "add")) return totalOfSum(x);
  if (isNodeOf(node, "matmul")) return totalOfProduct(node.inputs[0], node.inputs[1]);
  if (isNodeOf(node, "reduceSum")) return totalOfReduction(node);
  const [only] = node.inputs;
  const whole = only !== undefined && factsOf(node.operation).sumsThrough ? totalOf(only) : undefined;
  return whole && ((of) => applyOne(node.rules, node.operation, [whole(of)]));
}

function totalOfProduct(columns: Tensor, right: Tensor): Total | undefined {
  if (columns.shape.length > 2) return totalOfBatched(columns, right);
  if (columns.kind === "array" || !isNodeOf(columns.node, "transpose") || right.kind === "array") return undefined;
  const [rows] = columns.node.inputs;
  return rows.kind === "array"
    ? undefined
    : (of) => matmul(transpose(merged(of.stacked(rows))), merged(of.stacked(right)));
}

function totalOfReduction({ operation, rules, inputs: [terms] }: NodeOf<OperationOf<"reduceSum">>): Total | undefined {
  const total = totalOf(terms);
  if (total === undefined && operation.axis === 0)
    return terms.kind === "array" ? undefined : (of) => of.rowsSummed(terms);
  const summed = total ?? sumOf(terms);
  return summed && ((of) => applyOne(rules, operation, [summed(of)]));
}

/**
 * The total of `((t0 + t1) + t2) + ...`, which may be long. Terms before the first one with its own total are added as
 * they are.
 */
function totalOfSum(x: SymbolTensor): Total | undefined {
  const [sums, others]: [SymbolTensor[], Tensor[]] = [[], []];
  let first: Tensor = x;
  while (first.kind === "symbol" && isNodeOf(first.node, "add")) {
    sums.push(first);
    others.push(first.node.inputs[1]);
    first = first.node.inputs[0];
  }
  sums.reverse();
  const terms = [first, ...others.toReversed()];
  const totals = terms.map(totalOf);
  const start = totals.findIndex((total) => total !== undefined);
  if (start < 0) return undefined;
  const before = start === 0 ? [] : [sumOf(start === 1 ? first : nth(sums, start - 2))];
  const all = [...before, ...terms.slice(start).map((term, i) => totals[start + i] ?? sumOf(term))];
  const known = all.filter((total) => total !== undefined);
  return known.length < all.length
    ? undefined
    : (of) => known.map((total) => total(of)).reduce((sum, total) => add(sum, total));
}

/** [time, rows, ...] as [time x rows, ...]. */
export function merged(x: Tensor): Tensor {
  return reshape(x, [sizeOf(x.shape.slice(0, 2)), ...x.shape.slice(2)]);
}

function sumOf(x: Tensor): Total | undefined {
  return x.kind === "array" ? undefined : (of) => of.summed(x);
}
