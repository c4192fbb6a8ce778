/**
 * Batches of sequences of different lengths: which work can be skipped beyond the lengths. A loop with lengths says
 * that its steps leave such rows unchanged (`scan`). From there this is followed to the work around the loop. Products
 * over all steps and similar work need not be done for rows that are never read. Sums over all steps need not read rows
 * that are zero.
 *
 * The lengths themselves are run-time values. In each step, the rows after the last one whose sequence is not over are
 * skipped (`ActiveRowsStep`), so a program that runs a loop should put its rows longest first.
 */
import { type Program, type Tensor } from "@sluice/tensor";
import { nth, splitScan, type Node, type Operation, type SymbolTensor } from "@sluice/tensor/internal";
import { isPositiveZero, isZero } from "../facts/beyond.ts";
import { factsOf } from "../facts/facts.ts";
import { nodeOutput, TensorMap } from "../program/tensor-map.ts";
import { type BeyondRows, beyondRowsOf } from "./beyond-rows.ts";
import {
  axesOf,
  type Faster,
  inFront,
  layoutBefore,
  layoutBeforeSum,
  rowsInFront,
  sameLayout,
  sameRegion,
  type Layout,
  type Region,
  type Rows,
} from "./layout.ts";
import { raggedLoop, type RaggedLoop } from "./loop.ts";

/** The active rows: those of steps before their sequence's end. */
interface ActiveRows extends Rows {
  /** Outputs that are read beyond the lengths, where they are zero. These zeros must be written. */
  readonly filled: readonly number[];
}

export interface Ragged {
  readonly regions: readonly Region[];
  /** Work that is done for active rows only. */
  active(node: Node): ActiveRows | undefined;
  /** Products and sums over all steps and rows that take only active ones. */
  contracted(node: Node): Contracted | undefined;
  /** Whether a product or a sum takes a region's pairs of step and row ordered by rows. */
  byRow(region: Region): boolean;
  /** Values that are never read beyond the lengths. */
  unread(x: SymbolTensor): Rows | undefined;
}

interface Contracted {
  readonly region: Region;
  /** Whether steps or rows vary faster along the summed axis. */
  readonly faster: Faster;
}

/** Which part of a value is read: all of it, or nothing beyond the lengths. */
type Demand = "all" | Rows;

export const notRagged: Ragged = {
  regions: [],
  active: () => undefined,
  contracted: () => undefined,
  byRow: () => false,
  unread: () => undefined,
};

export function raggedWork(program: Program): Ragged {
  const loops = new Map(
    program.nodes.flatMap((node) => {
      const loop = raggedLoop(node);
      return loop === undefined ? [] : [[node, loop] as const];
    }),
  );
  if (loops.size === 0) return notRagged;
  const beyond = beyondRowsOf(program, loops);
  const demands = new TensorMap<Demand>();
  const active = new Map<Node, ActiveRows>();
  const contracted = new Map<Node, Contracted>();
  const demand = (x: Tensor, wanted: Demand): void => {
    if (x.kind === "array") return;
    const known = demands.get(x);
    demands.set(x, known === undefined || sameDemand(known, wanted) ? wanted : "all");
  };
  for (const y of program.outputs) demand(y, "all");
  for (const node of program.nodes.toReversed()) {
    const wanted = node.outputs.map((_, index) => demands.get(nodeOutput(node, index)));
    const contraction = contractionOf(node, beyond);
    if (contraction !== undefined) {
      const { region, faster, axes } = contraction;
      contracted.set(node, { region, faster });
      node.inputs.forEach((x, i) => demand(x, { region, layout: { merged: nth(axes, i), faster } }));
      continue;
    }
    const work = workOf(
      node,
      loops.get(node),
      wanted,
      node.outputs.map((_, index) => beyond.get(nodeOutput(node, index))),
    );
    if (work?.active !== undefined) active.set(node, work.active);
    node.inputs.forEach((x, i) => demand(x, work?.inputs[i] ?? "all"));
  }
  const regions: Region[] = [];
  for (const region of [
    ...[...active.values()].map((rows) => rows.region),
    ...[...contracted.values()].map(({ region }) => region),
  ]) {
    if (!regions.some((known) => sameRegion(known, region))) regions.push(region);
  }
  return {
    regions,
    active: (node) => active.get(node),
    contracted: (node) => contracted.get(node),
    byRow: (region) =>
      [...contracted.values()].some((found) => found.faster === "time" && sameRegion(found.region, region)),
    unread(x) {
      const found = demands.get(x);
      return found === "all" ? undefined : found;
    },
  };
}

function sameDemand(a: Demand, b: Demand): boolean {
  if (a === "all" || b === "all") return a === b;
  return sameRegion(a.region, b.region) && sameLayout(a.layout, b.layout);
}

/**
 * A product or sum over all steps and rows with one factor that is zero beyond the lengths; and the axis of time x
 * batch in each operand.
 */
function contractionOf(
  { operation, inputs }: Node,
  beyond: TensorMap<BeyondRows>,
): (Contracted & { readonly axes: readonly number[] }) | undefined {
  const axes = contractedAxes(operation, inputs);
  for (const [i, axis] of axes.entries()) {
    const x = nth(inputs, i);
    const rows = x.kind === "symbol" ? beyond.get(x) : undefined;
    if (rows !== undefined && isZero(rows.value) && "merged" in rows.layout && rows.layout.merged === axis)
      return { region: rows.region, faster: rows.layout.faster, axes };
  }
  return undefined;
}

/** The summed axis in each operand; none if the sum cannot skip terms. */
function contractedAxes(operation: Operation, inputs: readonly Tensor[]): readonly number[] {
  const rank = inputs[0]?.shape.length;
  const { active } = factsOf(operation);
  if (active === "product") return rank === 2 ? [1, 0] : [];
  // A sum along the innermost axis uses four lanes, and the lane of an element depends on the elements before it.
  if (active !== "sum" || !("axis" in operation) || operation.axis + 1 === rank) return [];
  return [operation.axis];
}

interface Work {
  /** Undefined for views, which do no work. */
  readonly active?: ActiveRows;
  /** One per input; undefined if all of it is read. */
  readonly inputs: readonly (Demand | undefined)[];
}

/** How a node can be done for active rows only, given which part of its outputs is read; undefined if it cannot. */
function workOf(
  node: Node,
  loop: RaggedLoop | undefined,
  wanted: readonly (Demand | undefined)[],
  beyond: readonly (BeyondRows | undefined)[],
): Work | undefined {
  const { inputs, operation } = node;
  const { active } = factsOf(operation);
  if (active === "loop") return loop && workOfLoop(node, loop, wanted, beyond);
  const [only] = wanted;
  if (only === undefined) return undefined;
  if (active === "product" || active === "sum") return workOfSum(node, only, beyond[0]);
  if (only === "all") return undefined;
  const { region, layout } = only;
  const rows: ActiveRows = { region, layout, filled: [] };
  const everywhere = (at: Layout): Work => ({ active: rows, inputs: inputs.map(() => ({ region, layout: at })) });
  switch (active) {
    case "view": {
      const before = layoutBefore(node, layout, region);
      return before && { inputs: [{ region, layout: before }] };
    }
    case "parts":
      return layoutBefore(node, layout, region) && rowsInFront(layout) ? everywhere(layout) : undefined;
    case "rows":
      return rowsInFront(layout) ? everywhere(layout) : undefined;
    case "maximum": {
      const before = layoutBeforeSum(layout, goneAxis(operation));
      return rowsInFront(layout) && rowsInFront(before) ? everywhere(before) : undefined;
    }
    // The words of a row must be consecutive.
    case "words":
      return inFront(layout) ? { active: rows, inputs: [] } : undefined;
    case "indices": {
      const whole = inFront(layout) && nth(inputs, 1).shape.length === axesOf(layout).length;
      return whole ? { active: rows, inputs: [undefined, { region, layout }] } : undefined;
    }
    case "never":
      return undefined;
  }
}

/** The axis that a sum or a maximum removes. */
const goneAxis = (operation: Operation): number => ("axis" in operation ? operation.axis : Infinity);

/**
 * For a product or a sum: the rows that are needed or, if all are needed and the inactive ones are known to be zero,
 * the active ones.
 */
function workOfSum({ operation, inputs }: Node, wanted: Demand, beyond: BeyondRows | undefined): Work | undefined {
  const rows = wanted !== "all" ? wanted : beyond !== undefined && isPositiveZero(beyond.value) ? beyond : undefined;
  if (rows === undefined || !rowsInFront(rows.layout)) return undefined;
  const { region, layout } = rows;
  const active = { region, layout, filled: wanted === "all" ? [0] : [] };
  if (factsOf(operation).active === "product")
    return "merged" in layout && nth(inputs, 0).shape.length === 2
      ? { active, inputs: [{ region, layout }] }
      : undefined;
  const before = layoutBeforeSum(layout, goneAxis(operation));
  return rowsInFront(before) ? { active, inputs: [{ region, layout: before }] } : undefined;
}

function workOfLoop(
  node: Node,
  { region, skips }: RaggedLoop,
  wanted: readonly (Demand | undefined)[],
  beyond: readonly (BeyondRows | undefined)[],
): Work | undefined {
  const { operation, inputs } = node;
  if (operation.op !== "scan" || !skips) return undefined;
  const rows = { region, layout: { time: 0, batch: 1 } };
  const filled: number[] = [];
  for (let index = operation.states; index < node.outputs.length; index++) {
    const demand = wanted[index];
    if (demand === undefined || sameDemand(demand, rows)) continue;
    if (!isPositiveZero(beyond[index]?.value)) return undefined;
    filled.push(index);
  }
  const { captures, states, sequences } = splitScan(operation, inputs);
  return {
    active: { ...rows, filled },
    inputs: [...[...captures, ...states].map(() => undefined), ...sequences.map(() => rows)],
  };
}
