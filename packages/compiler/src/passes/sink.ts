import {
  add,
  concat,
  matmul,
  programOf,
  reshape,
  slice,
  sum,
  transpose,
  zerosLike,
  type Program,
  type Shape,
  type Tensor,
} from "@sluice/tensor";
import {
  applyOne,
  applyScan,
  input,
  sizeOf,
  splitScan,
  stridesOf,
  type Node,
  type ScanOperation,
  type SymbolTensor,
} from "@sluice/tensor/internal";
import { factsOf } from "../facts/facts.ts";
import { isView } from "../facts/roles.ts";
import type { View } from "../plan/plan.ts";
import { TensorMap } from "../program/tensor-map.ts";
import { reshapeView, sliceView, transposeView, whole } from "../plan/view.ts";
import { addendOf } from "./addend.ts";
import { lift } from "./lift.ts";
import { rewriteScans } from "./rewrite.ts";
import { partOf } from "./share.ts";
import { countUses, hasLoop } from "./uses.ts";

/**
 * Sink: a sum that a loop only adds to, such as a weight's gradient, leaves the loop. Where a step would add a product
 * of values of that step, those are stacked instead, and one product over all steps (time x batch rows) gives the
 * total. Where it would add a sum over some axis, such as that over the batch rows of a bias's gradient, the axis is
 * summed once after the loop: from what is stacked anyway, or else from elements that the steps add up.
 */
export function sink(program: Program): Program {
  return rewriteScans(program, sinkScan);
}

/** What a loop gives of its step's values. */
interface OfAllSteps {
  /** All steps, [time, ...]. */
  stacked(x: SymbolTensor): Tensor;
  /** Their sum. */
  summed(x: SymbolTensor): Tensor;
  /** The sum of all rows (axis 0) of all steps. */
  rowsSummed(x: SymbolTensor): Tensor;
}

/** The total over all steps. */
type Total = (of: OfAllSteps) => Tensor;

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
    return added && totalOf(added);
  });
  if (totals.every((total) => total === undefined)) return undefined;

  // Sequences of the loop are stacked already; other values become outputs of it.
  const sequences = new Map(inner.sequences.map((x, i) => [x.node, i]));
  const isSequence = (x: SymbolTensor): boolean => sequences.has(x.node);
  const toStack = new Symbols();
  const stackInto = (x: SymbolTensor): Tensor => {
    if (!isSequence(x)) toStack.add(x);
    return input({ shape: [length, ...x.shape], dtype: x.dtype });
  };
  const rowOf = (x: SymbolTensor): Tensor => input({ shape: x.shape.slice(1), dtype: x.dtype });
  for (const total of totals) total?.({ stacked: stackInto, summed: (x) => input(x), rowsSummed: rowOf });
  const isStacked = (x: SymbolTensor): boolean =>
    isSequence(x) || toStack.indexOf(x) >= 0 || toStack.list.some((y) => partOf(y, x) !== undefined);
  const toSum = new Symbols();
  const sumInto = (x: SymbolTensor): void => {
    if (isStacked(x)) stackInto(x);
    else toSum.add(x);
  };
  for (const total of totals) {
    total?.({
      stacked: stackInto,
      summed(x) {
        sumInto(x);
        return input(x);
      },
      rowsSummed(x) {
        sumInto(x);
        return rowOf(x);
      },
    });
  }

  const kept = inner.states.flatMap((_, i) => (totals[i] === undefined ? [i] : []));
  const sums = toSum.list.map((x) => input(x, "sum"));
  const states = kept.length + sums.length;
  const results = applyScan(
    {
      ...operation,
      body: programOf(
        [...inner.captures, ...kept.map((i) => inner.states[i]!), ...sums, ...inner.sequences],
        [
          ...kept.map((i) => body.outputs[i]!),
          ...toSum.list.map((x, i) => add(sums[i]!, x)),
          ...body.outputs.slice(operation.states),
          ...toStack.list,
        ],
      ),
      states,
    },
    [...outer.captures, ...kept.map((i) => outer.states[i]!), ...toSum.list.map(zerosLike), ...outer.sequences],
  );
  const outputs = body.outputs.length - operation.states;
  const stacked = (x: SymbolTensor): Tensor =>
    isSequence(x) ? outer.sequences[sequences.get(x.node)!]! : results[states + outputs + toStack.indexOf(x)]!;
  const addedUp = (x: SymbolTensor): Tensor | undefined =>
    toSum.indexOf(x) >= 0 ? results[kept.length + toSum.indexOf(x)] : undefined;
  const of: OfAllSteps = {
    stacked,
    summed: onceEach((x) => addedUp(x) ?? sum(stacked(x), 0)),
    rowsSummed: onceEach((x) => sum(addedUp(x) ?? merged(stacked(x)), 0)),
  };
  return [
    ...inner.states.map((_, i) => totals[i]?.(of) ?? results[kept.indexOf(i)]!),
    ...results.slice(states, states + outputs),
  ];
}

/** How the total of `x` is put together outside of the loop; undefined where adding `x` up in the loop is as good. */
function totalOf(x: Tensor): Total | undefined {
  if (x.kind === "array") return undefined;
  const { operation, rules, inputs } = x.node;
  const [a, b] = inputs;
  switch (operation.op) {
    case "add":
      return totalOfSum(x);
    case "matmul": {
      const [columns, right] = [a!, b!];
      if (columns.shape.length > 2) return totalOfBatched(columns, right);
      if (
        columns.kind === "array" ||
        columns.node.operation.op !== "transpose" ||
        columns.shape.length !== 2 ||
        right.kind === "array"
      )
        return undefined;
      const rows = columns.node.inputs[0]!;
      return rows.kind === "array"
        ? undefined
        : (of) => matmul(transpose(merged(of.stacked(rows))), merged(of.stacked(right)));
    }
    case "reduceSum": {
      const terms = a!;
      const total = totalOf(terms);
      if (total === undefined && operation.axis === 0)
        return terms.kind === "array" ? undefined : (of) => of.rowsSummed(terms);
      const summed = total ?? sumOf(terms);
      return summed && ((of) => applyOne(rules, operation, [summed(of)]));
    }
    default: {
      const whole = factsOf(operation).sumsThrough ? totalOf(a!) : undefined;
      return whole && ((of) => applyOne(rules, operation, [whole(of)]));
    }
  }
}

/**
 * Of a product with batch axes, such as that of the gradient of a block-diagonal matrix, which has one block for each
 * head: over all steps, one product for each. Its factors are looked at through views, so that what is stacked is what
 * the step has, `[rows, heads x width]`, and nothing is moved.
 */
function totalOfBatched(left: Tensor, right: Tensor): Total | undefined {
  const [a, b] = [behindViews(left), behindViews(right)];
  const batch = left.shape.slice(0, -2);
  const blocks = sizeOf(batch);
  if (a === undefined || b === undefined || blocks === 0 || blocks > MOST_BLOCKS) return undefined;
  const [m, k, n] = [...left.shape.slice(-2), right.shape.at(-1)!] as [number, number, number];
  return (of) => {
    const [lefts, rights] = [a, b].map(({ source, views }) =>
      views.reduce((x, node) => liftView(node, x), of.stacked(source)),
    );
    const time = lefts!.shape[0]!;
    const block = (x: Tensor, i: number, shape: readonly [number, number]): Tensor => {
      const starts = indexOf(batch, i);
      const one = slice(x, [0, ...starts, 0, 0], [time, ...starts.map((at) => at + 1), ...shape]);
      return reshape(one, [time, ...shape]);
    };
    const products = Array.from({ length: blocks }, (_, i) => {
      const rows = reshape(transpose(block(lefts!, i, [m, k]), [0, 2, 1]), [time * k, m]);
      return matmul(transpose(rows), reshape(block(rights!, i, [k, n]), [time * k, n]));
    });
    return reshape(concat(products, 0), [...batch, m, n]);
  };
}

/** More products than this, each in a step of its own, would take longer than those of the loop. */
const MOST_BLOCKS = 64;

/** Position `i` of a row-major shape, by axis. */
function indexOf(shape: Shape, i: number): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]!);
}

/**
 * What a value looks at, and the views from there on, the first one first; undefined for a constant. A reshape that
 * could not be a view of what is stacked is where the chain begins: it would be copied for all steps.
 */
function behindViews(x: Tensor): { readonly source: SymbolTensor; readonly views: readonly Node[] } | undefined {
  const chain: SymbolTensor[] = [];
  let source = x;
  while (source.kind === "symbol" && isView(source.node) && factsOf(source.node.operation).sumsThrough) {
    chain.push(source);
    source = source.node.inputs[0]!;
  }
  if (source.kind === "array") return undefined;
  let from: SymbolTensor = source;
  let views: Node[] = [];
  let memory = stackedView(source);
  for (const looked of chain.toReversed()) {
    const next = throughView(looked.node, memory);
    views = next === undefined ? [] : [...views, looked.node];
    from = next === undefined ? looked : from;
    memory = next ?? stackedView(looked);
  }
  return { source: from, views };
}

/** Two steps of a value as they are stacked: enough to see what is a view. */
function stackedView({ shape }: SymbolTensor): View {
  return whole(0, [2, ...shape]);
}

function throughView({ operation }: Node, memory: View): View | undefined {
  switch (operation.op) {
    case "transpose":
      return transposeView(memory, [0, ...operation.axes.map((axis) => axis + 1)]);
    case "slice":
      return sliceView(memory, [0, ...operation.starts], [2, ...operation.stops]);
    case "reshape":
      return reshapeView(memory, [2, ...operation.shape]);
    default:
      return undefined;
  }
}

/** A view of a step's value, for all steps. */
function liftView(node: Node, stacked: Tensor): Tensor {
  return lift(node, [{ tensor: stacked, stacked: true }], stacked.shape[0]!)![0]!.tensor;
}

/**
 * The total of `((t0 + t1) + t2) + ...`, which may be long; what comes before the first term that has a total of its
 * own is added up as it is.
 */
function totalOfSum(x: SymbolTensor): Total | undefined {
  const sums: SymbolTensor[] = [];
  let first: Tensor = x;
  while (first.kind === "symbol" && first.node.operation.op === "add") {
    sums.push(first);
    first = first.node.inputs[0]!;
  }
  sums.reverse();
  const terms = [first, ...sums.map(({ node }) => node.inputs[1]!)];
  const totals = terms.map(totalOf);
  const start = totals.findIndex((total) => total !== undefined);
  if (start < 0) return undefined;
  const before = start === 0 ? [] : [sumOf(start === 1 ? first : sums[start - 2]!)];
  const all = [...before, ...terms.slice(start).map((term, i) => totals[start + i] ?? sumOf(term))];
  const known = all.filter((total) => total !== undefined);
  return known.length < all.length
    ? undefined
    : (of) => known.map((total) => total(of)).reduce((sum, total) => add(sum, total));
}

/** [time, rows, ...] as [time x rows, ...]. */
function merged(x: Tensor): Tensor {
  return reshape(x, [x.shape[0]! * x.shape[1]!, ...x.shape.slice(2)]);
}

/** Several totals may be made of one sum: a cell with two biases has the same gradient for both. */
function onceEach(f: (x: SymbolTensor) => Tensor): (x: SymbolTensor) => Tensor {
  const known = new TensorMap<Tensor>();
  return (x) => {
    const result = known.get(x) ?? f(x);
    known.set(x, result);
    return result;
  };
}

function sumOf(x: Tensor): Total | undefined {
  return x.kind === "array" ? undefined : (of) => of.summed(x);
}

/** Symbols, each once, in the order in which they were added. */
class Symbols {
  readonly list: SymbolTensor[] = [];
  readonly #places = new TensorMap<number>();

  indexOf(x: SymbolTensor): number {
    return this.#places.get(x) ?? -1;
  }

  add(x: SymbolTensor): void {
    if (!this.#places.has(x)) this.#places.set(x, this.list.push(x) - 1);
  }
}
