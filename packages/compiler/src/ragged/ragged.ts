/**
 * Batches of sequences of different lengths: which work can be left out where sequences are over. A loop with lengths says what its steps do with such rows (`scan`): nothing. From there
 * it is followed to the work around the loop, products over all steps and their like, which need not be done for rows that nobody reads, and sums over all steps, which need
 * not read rows that are zero.
 *
 * The lengths themselves are run-time values: rows of a step are left out from the last one on whose sequence is not over (`ActiveRowsStep`), so sequences should come
 * longest first.
 */
import { splitScan, type Node, type Program, type SymbolTensor, type Tensor } from "@sluice/tensor";
import { roleOf } from "../plan/roles.ts";
import { outputOf, TensorMap } from "../plan/tensor-map.ts";
import { layoutBefore, moved, rowsInFront, sameLayout, sameRegion, type Layout, type Region, type Rows } from "./layout.ts";
import { raggedLoop, type RaggedLoop } from "./loop.ts";
import { type ZeroRows, zeroRowsOf } from "./zeros.ts";

/** Rows that are worked on: those of steps before their sequence's end. */
interface ActiveRows extends Rows {
  /** Outputs that somebody reads beyond the lengths, where they are zero: these zeros are to be written. */
  readonly filled: readonly number[];
}

export interface Ragged {
  readonly regions: readonly Region[];
  /** Work that is done for active rows alone. */
  active(node: Node): ActiveRows | undefined;
  /** Products and sums over all steps and rows that take only active ones. */
  contracted(node: Node): Region | undefined;
  /** Where nobody reads a value beyond the lengths. */
  unread(x: SymbolTensor): Rows | undefined;
}

/** What is read of a value: all of it, or nothing beyond lengths. */
type Demand = "all" | Rows;

export const notRagged: Ragged = { regions: [], active: () => undefined, contracted: () => undefined, unread: () => undefined };

export function raggedWork(program: Program): Ragged {
  const loops = new Map(program.nodes.flatMap((node) => {
    const loop = raggedLoop(node);
    return loop === undefined ? [] : [[node, loop] as const];
  }));
  if (loops.size === 0) return notRagged;
  const zeros = zeroRowsOf(program, loops);
  const demands = new TensorMap<Demand>();
  const active = new Map<Node, ActiveRows>();
  const contracted = new Map<Node, Region>();
  const demand = (x: Tensor, wanted: Demand): void => {
    if (x.kind === "array") return;
    const known = demands.get(x);
    demands.set(x, known === undefined || sameDemand(known, wanted) ? wanted : "all");
  };
  for (const y of program.outputs) demand(y, "all");
  for (const node of program.nodes.toReversed()) {
    const wanted = node.outputs.map((_, index) => demands.get(outputOf(node, index)));
    const zeroRows = node.outputs.map((_, index) => zeros.get(outputOf(node, index)));
    const contraction = contractionOf(node, zeros);
    if (contraction !== undefined) {
      contracted.set(node, contraction.region);
      node.inputs.forEach((x, i) => demand(x, { region: contraction.region, layout: { merged: contraction.axes[i]! } }));
      continue;
    }
    const work = workOf(node, loops.get(node), wanted, zeroRows);
    if (work?.active !== undefined) active.set(node, work.active);
    node.inputs.forEach((x, i) => demand(x, work?.inputs[i] ?? "all"));
  }
  const regions: Region[] = [];
  for (const region of [...[...active.values()].map((rows) => rows.region), ...contracted.values()]) {
    if (!regions.some((known) => sameRegion(known, region))) regions.push(region);
  }
  return {
    regions,
    active: (node) => active.get(node),
    contracted: (node) => contracted.get(node),
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

/** A product or sum over all steps and rows, one factor of which is zero where sequences are over; and the axis of time x batch in each operand. */
function contractionOf({ operation, inputs }: Node, zeros: TensorMap<ZeroRows>): { readonly region: Region; readonly axes: readonly number[] } | undefined {
  const axes = operation.op === "matmul" && inputs[0]!.shape.length === 2 ? [1, 0] : operation.op === "reduceSum" ? [operation.axis] : [];
  // A sum along the innermost axis goes in four lanes, and which lane an element is in depends on those before it.
  if (operation.op === "reduceSum" && operation.axis === inputs[0]!.shape.length - 1) return undefined;
  for (const [i, axis] of axes.entries()) {
    const x = inputs[i]!;
    const rows = x.kind === "symbol" ? zeros.get(x) : undefined;
    if (rows !== undefined && "merged" in rows.layout && rows.layout.merged === axis) return { region: rows.region, axes };
  }
  return undefined;
}

interface Work {
  /** Undefined for views, which do nothing. */
  readonly active?: ActiveRows;
  /** By input; undefined where all of it is read. */
  readonly inputs: readonly (Demand | undefined)[];
}

/** How a node can be done for active rows alone, given what is read of its outputs; undefined where it cannot. */
function workOf(node: Node, loop: RaggedLoop | undefined, wanted: readonly (Demand | undefined)[], zeros: readonly (ZeroRows | undefined)[]): Work | undefined {
  const { operation, inputs } = node;
  if (operation.op === "scan") return loop && workOfLoop(node, loop, wanted, zeros);
  const [only] = wanted;
  if (operation.op === "matmul") return workOfProduct(node, only, zeros[0]);
  if (only === undefined || only === "all") return undefined;
  const { region, layout } = only;
  const everywhere = (at: Layout): Work => ({ active: { region, layout, filled: [] }, inputs: inputs.map(() => ({ region, layout: at })) });
  switch (roleOf(node)) {
    case "view": {
      const before = layoutBefore(node, layout, region);
      return before && { inputs: [{ region, layout: before }] };
    }
    case "assembly":
      return layoutBefore(node, layout, region) && rowsInFront(layout) ? everywhere(layout) : undefined;
    case "elementwise":
      return rowsInFront(layout) ? everywhere(layout) : undefined;
    default:
  }
  if (operation.op === "reduceSum" || operation.op === "reduceMax") {
    const before = moved(layout, (axis) => (axis >= operation.axis ? axis + 1 : axis))!;
    return rowsInFront(layout) && rowsInFront(before) ? everywhere(before) : undefined;
  }
  if (operation.op === "gather") {
    const whole = "merged" in layout ? layout.merged === 0 && inputs[1]!.shape.length === 1 : layout.time === 0 && layout.batch === 1 && inputs[1]!.shape.length === 2;
    return whole ? { active: { region, layout, filled: [] }, inputs: [undefined, { region, layout }] } : undefined;
  }
  return undefined;
}

function workOfProduct({ inputs }: Node, wanted: Demand | undefined, zeros: ZeroRows | undefined): Work | undefined {
  if (wanted === undefined || inputs[0]!.shape.length !== 2) return undefined;
  const isRow = (layout: Layout): boolean => "merged" in layout && layout.merged === 0;
  if (wanted !== "all") {
    const { region, layout } = wanted;
    return isRow(layout) ? { active: { region, layout, filled: [] }, inputs: [{ region, layout }] } : undefined;
  }
  if (zeros?.zero !== "positive" || !isRow(zeros.layout)) return undefined;
  const { region, layout } = zeros;
  return { active: { region, layout, filled: [0] }, inputs: [{ region, layout }] };
}

function workOfLoop(node: Node, { region, skips }: RaggedLoop, wanted: readonly (Demand | undefined)[], zeros: readonly (ZeroRows | undefined)[]): Work | undefined {
  const { operation, inputs } = node;
  if (operation.op !== "scan" || !skips) return undefined;
  const rows = { region, layout: { time: 0, batch: 1 } };
  const filled: number[] = [];
  for (let index = operation.states; index < node.outputs.length; index++) {
    const demand = wanted[index];
    if (demand === undefined || sameDemand(demand, rows)) continue;
    if (zeros[index]?.zero !== "positive") return undefined;
    filled.push(index);
  }
  const { captures, states, sequences } = splitScan(operation, inputs);
  return { active: { ...rows, filled }, inputs: [...[...captures, ...states].map(() => undefined), ...sequences.map(() => rows)] };
}
