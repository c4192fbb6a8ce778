import { add, programOf, sum, zerosLike, type Program, type Tensor } from "@sluice/tensor";
import {
  applyScan,
  input,
  nth,
  picked,
  splitScan,
  zip,
  type ScanOperation,
  type ScanParts,
  type SymbolTensor,
} from "@sluice/tensor/internal";
import { TensorMap } from "../program/tensor-map.ts";
import { addendOf } from "./addend.ts";
import { rewriteScans } from "./rewrite.ts";
import { partOf } from "./share.ts";
import { Symbols } from "./symbols.ts";
import { merged, totalOf, type OfAllSteps, type Total } from "./total.ts";
import { countUses, hasLoop } from "./uses.ts";

/**
 * Sink: a sum that the loop itself never reads, such as a weight gradient, leaves the loop. If a step adds a product of
 * two of its values, these are stacked instead, and one product over all steps (time x batch rows) gives the total. If
 * a step adds a sum over some axis, such as the sum over the batch rows of a bias gradient, that axis is summed once
 * after the loop: from a value that is stacked anyway, or from elements that the steps add up. What the loop is given
 * for each step is summed without it.
 */
export function sink(program: Program): Program {
  return rewriteScans(program, sinkScan);
}

/** A loop, what its step computes with, and what it is given. */
interface Loop {
  readonly operation: ScanOperation;
  readonly inner: ScanParts<SymbolTensor>;
  readonly outer: ScanParts<Tensor>;
  /** For each state the total it ends as, where it is a sum that leaves the loop. */
  readonly totals: readonly (Total | undefined)[];
}

/** What the totals are made of, besides the loop's sequences. */
interface Needed {
  /** Values of the step that become outputs of the loop. */
  readonly toStack: Symbols;
  /** Values that the loop adds up. */
  readonly toSum: Symbols;
}

function sinkScan(operation: ScanOperation, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  if (hasLoop(operation.body)) return undefined;
  const inner = splitScan(operation, operation.body.inputs);
  const outer = splitScan(operation, inputs);
  const totals = totalsOf(operation, inner, outer);
  if (totals.every((total) => total === undefined)) return undefined;
  const loop = { operation, inner, outer, totals };
  return withTotals(loop, neededBy(loop));
}

function totalsOf(
  { body }: ScanOperation,
  inner: ScanParts<SymbolTensor>,
  outer: ScanParts<Tensor>,
): (Total | undefined)[] {
  const uses = countUses(body);
  const given = new Set(inner.sequences.map(({ node }) => node));
  return zip(inner.states, outer.states).map(([state, initial], i) => {
    if (initial.kind !== "array" || initial.data.some((v) => v !== 0)) return undefined;
    const added = addendOf(state, nth(body.outputs, i), uses);
    // What is given for all steps is summed at once. In the loop it would be one sum for all rows.
    if (added?.kind === "symbol" && given.has(added.node)) return (of) => of.summed(added);
    return added && totalOf(added);
  });
}

/** Asks the totals twice: what is stacked for one of them need not be added up for another. */
function neededBy({ operation: { length }, inner, totals }: Loop): Needed {
  const sequences = new Set(inner.sequences.map(({ node }) => node));
  const toStack = new Symbols();
  const toSum = new Symbols();
  const stacked = (x: SymbolTensor): Tensor => {
    if (!sequences.has(x.node)) toStack.add(x);
    return input({ shape: [length, ...x.shape], dtype: x.dtype });
  };
  const rowOf = (x: SymbolTensor): Tensor => input({ shape: x.shape.slice(1), dtype: x.dtype });
  for (const total of totals) total?.({ stacked, summed: (x) => input(x), rowsSummed: rowOf });

  const isStacked = (x: SymbolTensor): boolean =>
    sequences.has(x.node) || toStack.indexOf(x) >= 0 || toStack.list.some((y) => partOf(y, x) !== undefined);
  const sumInto = (x: SymbolTensor): void => {
    if (isStacked(x)) stacked(x);
    else toSum.add(x);
  };
  for (const total of totals) {
    total?.({
      stacked,
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
  return { toStack, toSum };
}

/** The loop without the sums that leave it, and behind it their totals in the sums' places. */
function withTotals({ operation, inner, outer, totals }: Loop, { toStack, toSum }: Needed): readonly Tensor[] {
  const { body } = operation;
  const kept = inner.states.flatMap((_, i) => (totals[i] === undefined ? [i] : []));
  const sums = toSum.list.map((x) => input(x, "sum"));
  const states = kept.length + sums.length;
  const results = applyScan(
    {
      ...operation,
      body: programOf(
        [...inner.captures, ...picked(inner.states, kept), ...sums, ...inner.sequences],
        [
          ...picked(body.outputs, kept),
          ...zip(sums, toSum.list).map(([sum, x]) => add(sum, x)),
          ...body.outputs.slice(operation.states),
          ...toStack.list,
        ],
      ),
      states,
    },
    [...outer.captures, ...picked(outer.states, kept), ...toSum.list.map(zerosLike), ...outer.sequences],
  );
  const outputs = states + body.outputs.length - operation.states;
  const sequences = new Map(zip(inner.sequences, outer.sequences).map(([x, all]) => [x.node, all]));
  const stacked = (x: SymbolTensor): Tensor => sequences.get(x.node) ?? nth(results, outputs + toStack.indexOf(x));
  const addedUp = (x: SymbolTensor): Tensor | undefined =>
    toSum.indexOf(x) >= 0 ? results[kept.length + toSum.indexOf(x)] : undefined;
  const of: OfAllSteps = {
    stacked,
    summed: onceEach((x) => addedUp(x) ?? sum(stacked(x), 0)),
    rowsSummed: onceEach((x) => sum(addedUp(x) ?? merged(stacked(x)), 0)),
  };
  return [
    ...inner.states.map((_, i) => totals[i]?.(of) ?? nth(results, kept.indexOf(i))),
    ...results.slice(states, outputs),
  ];
}

/** Several totals may use the same sum: a cell with two biases has the same gradient for both. */
function onceEach(f: (x: SymbolTensor) => Tensor): (x: SymbolTensor) => Tensor {
  const known = new TensorMap<Tensor>();
  return (x) => {
    const result = known.get(x) ?? f(x);
    known.set(x, result);
    return result;
  };
}
