/**
 * Chooses the values of a block that get memory, and the order of its work. A block is a program or the body of a loop.
 * Work is put into slots. An elementwise value shares a slot, and so one pass, with the elementwise values of the same
 * shape that read it. A value that is read through memory is written in an earlier slot.
 */
import { type Tensor } from "@sluice/tensor";
import { isNodeOf, nth, sizeOf, type Node, type SymbolTensor } from "@sluice/tensor/internal";
import type { Placement } from "./placement.ts";
import { factsOf } from "../facts/facts.ts";
import { isLight, isLong, keepsAxes, roleOf } from "../facts/roles.ts";
import { nodeOutput, TensorMap } from "../program/tensor-map.ts";

export interface Schedule {
  readonly slotOf: ReadonlyMap<Node, number>;
  readonly slots: number;
  /** Elementwise values that are written to memory. Values of anchors and assemblies always are. */
  readonly stored: ReadonlySet<Node>;
  /** Elementwise values that are computed again by each reader. */
  readonly inlined: ReadonlySet<Node>;
  /** Reductions that the pass that computes their operand computes too. */
  readonly joined: ReadonlySet<Node>;
  /** The node behind a chain of views. */
  sourceOf(x: SymbolTensor): Node;
}

/** How a value is read. */
interface Uses {
  /** By an anchor or an assembly, or as a result. */
  memory: boolean;
  /** By elementwise work of the same shape, element by element. */
  readonly direct: Node[];
  /** By elementwise work, through views. */
  mapped: number;
}

/**
 * The weight limit of one pass. A backend writes a pass as one function; engines compile long functions slowly and
 * limit their contents. An operation that takes dozens of instructions counts as many operations.
 */
const HEAVIEST_PASS = 512;
const LONG_WEIGHT = 16;

/** The slot of a node that has one. */
export function slotIn(slotOf: ReadonlyMap<Node, number>, node: Node): number {
  const slot = slotOf.get(node);
  if (slot === undefined) throw new Error(`plan: ${node.operation.op} has no slot`);
  return slot;
}

/**
 * Without `fuse`, a separate pass writes every elementwise value to memory. `joined` are the reductions that may be
 * computed with their operands, and are so if values are fused.
 */
export function schedule(
  nodes: readonly Node[],
  results: readonly Tensor[],
  { isCopied }: Pick<Placement, "isCopied">,
  { fuse, joined }: { readonly fuse: boolean; readonly joined: ReadonlySet<Node> },
): Schedule {
  const sourceOf = sourcesOf(nodes);
  const { uses, inlined, stored } = fuse
    ? decideStorage(nodes, results, joined)
    : {
        uses: new TensorMap<Uses>(),
        inlined: new Set<Node>(),
        stored: new Set(nodes.filter((node) => roleOf(node) === "elementwise")),
      };
  const weights = weightsOf(nodes, sourceOf, inlined, stored);
  const passes = passWeights(weights);
  const slotOf = new Map<Node, number>();
  for (const node of nodes) {
    const earliest = earliestSlot(node, { slotOf, inlined, joined, isCopied, sourceOf, fuse });
    const inPass = roleOf(node) === "elementwise" && !inlined.has(node);
    slotOf.set(node, inPass && fuse ? passes.add(node, earliest) : earliest);
  }
  const free = (node: Node): boolean => roleOf(node) === "elementwise" && !stored.has(node) && !inlined.has(node);
  // An elementwise value that only other elementwise values read is computed with the first of them, if that pass does
  // not become too long.
  for (const node of nodes.toReversed()) {
    if (!free(node)) continue;
    const first = (uses.get(nodeOutput(node))?.direct ?? []).reduce(
      (least, reader) => Math.min(least, slotIn(slotOf, reader)),
      Infinity,
    );
    if (first < Infinity && passes.move(node, slotIn(slotOf, node), first)) slotOf.set(node, first);
  }
  for (const node of nodes) {
    if (!free(node)) continue;
    const slot = slotIn(slotOf, node);
    const readers = uses.get(nodeOutput(node))?.direct ?? [];
    if (readers.every((reader) => slotOf.get(reader) === slot)) continue;
    if (isLight(node) && node.inputs.every(isLeaf)) inlined.add(node);
    else stored.add(node);
  }
  let slots = 0;
  for (const slot of slotOf.values()) slots = Math.max(slots, slot + 1);
  return { slotOf, slots: Math.max(1, slots), stored, inlined, joined, sourceOf };
}

/**
 * The weight of each value in the pass that computes it, including the values that are computed again there. A heavy
 * value is stored instead of being computed again.
 */
function weightsOf(
  nodes: readonly Node[],
  sourceOf: (x: SymbolTensor) => Node,
  inlined: Set<Node>,
  stored: Set<Node>,
): Map<Node, number> {
  const weights = new Map<Node, number>();
  for (const node of nodes) {
    if (roleOf(node) !== "elementwise") continue;
    let weight = isLong(node) ? LONG_WEIGHT : 1;
    for (const x of node.inputs) {
      const source = x.kind === "array" ? undefined : sourceOf(x);
      if (source !== undefined && inlined.has(source)) weight += weights.get(source) ?? 0;
    }
    weights.set(node, weight);
    if (weight <= HEAVIEST_PASS / 4 || !inlined.delete(node)) continue;
    stored.add(node);
  }
  return weights;
}

/** The weight of each pass, by slot and shape. */
function passWeights(weights: ReadonlyMap<Node, number>): {
  add(node: Node, earliest: number): number;
  move(node: Node, from: number, to: number): boolean;
} {
  const byShape = new Map<string, Map<number, number>>();
  const passesOf = (node: Node): Map<number, number> => {
    const shape = nth(node.outputs, 0).shape.join();
    const known = byShape.get(shape) ?? new Map<number, number>();
    byShape.set(shape, known);
    return known;
  };
  const change = (passes: Map<number, number>, slot: number, by: number): void =>
    void passes.set(slot, (passes.get(slot) ?? 0) + by);
  /** The first slot with room, starting from slots that were found full. The path is shortened as it is followed. */
  const after = new Map<Map<number, number>, Map<number, number>>();
  return {
    add(node, earliest) {
      const [passes, weight] = [passesOf(node), weights.get(node) ?? 1];
      const next = after.get(passes) ?? new Map<number, number>();
      after.set(passes, next);
      const hasRoom = (at: number): boolean => {
        const taken = passes.get(at) ?? 0;
        return taken === 0 || (!next.has(at) && taken + weight <= HEAVIEST_PASS);
      };
      const full: number[] = [];
      let slot = earliest;
      while (!hasRoom(slot)) {
        full.push(slot);
        slot = next.get(slot) ?? slot + 1;
      }
      for (const each of full) next.set(each, slot);
      change(passes, slot, weight);
      return slot;
    },
    move(node, from, to) {
      if (from === to) return true;
      const [passes, weight] = [passesOf(node), weights.get(node) ?? 1];
      if ((passes.get(to) ?? 0) + weight > HEAVIEST_PASS) return false;
      change(passes, from, -weight);
      change(passes, to, weight);
      return true;
    },
  };
}

function decideStorage(
  nodes: readonly Node[],
  results: readonly Tensor[],
  joined: ReadonlySet<Node>,
): { uses: TensorMap<Uses>; stored: Set<Node>; inlined: Set<Node> } {
  const uses = new TensorMap<Uses>();
  const usesOf = (x: SymbolTensor): Uses => {
    const known = uses.get(x) ?? { memory: false, direct: [], mapped: 0 };
    uses.set(x, known);
    return known;
  };
  const stored = new Set<Node>();
  const inlined = new Set<Node>();
  const symbols = (tensors: readonly Tensor[]): SymbolTensor[] => tensors.filter((x) => x.kind === "symbol");
  for (const x of symbols(results)) usesOf(x).memory = true;
  for (const node of nodes.toReversed()) {
    switch (roleOf(node)) {
      case "view": {
        const own = usesOf(nodeOutput(node));
        const affine = !isNodeOf(node, "reshape") || keepsAxes(node.inputs[0].shape, node.outputs[0].shape);
        for (const x of symbols(node.inputs)) {
          const seen = usesOf(x);
          const elements = own.mapped + own.direct.length * elementsOf(node);
          if (own.memory || (elements > 0 && !affine)) seen.memory = true;
          if (affine) seen.mapped += elements;
        }
        break;
      }
      case "elementwise": {
        const { memory, direct, mapped } = usesOf(nodeOutput(node));
        const inline = !memory && direct.length === 0 && mapped <= elementsOf(node);
        if (inline) inlined.add(node);
        else if (memory || mapped > 0) stored.add(node);
        for (const x of symbols(node.inputs)) {
          if (inline) usesOf(x).mapped += mapped;
          else usesOf(x).direct.push(node);
        }
        break;
      }
      default:
        for (const x of symbols(node.inputs)) {
          if (joined.has(node)) usesOf(x).direct.push(node);
          else usesOf(x).memory = true;
        }
    }
  }
  return { uses, stored, inlined };
}

/** An empty value counts as one element, because its readers still exist. */
function elementsOf(node: Node): number {
  return Math.max(1, sizeOf(nth(node.outputs, 0).shape));
}

/**
 * Within a slot anchors come first, then passes. A reduction in a pass is where its operand is. Memory that a pass or an assembly fills can therefore be read from the
 * next slot on.
 */
function earliestSlot(
  node: Node,
  {
    slotOf,
    inlined,
    joined,
    isCopied,
    sourceOf,
    fuse,
  }: Pick<Schedule, "slotOf" | "inlined" | "joined" | "sourceOf"> &
    Pick<Placement, "isCopied"> & { readonly fuse: boolean },
): number {
  const role = roleOf(node);
  let slot = 0;
  for (const x of node.inputs) {
    const from = x.kind === "array" ? undefined : slotOf.get(x.node);
    if (x.kind === "array" || from === undefined) continue;
    if (role === "view") {
      slot = Math.max(slot, from);
      continue;
    }
    if (joined.has(node)) return from;
    const source = sourceOf(x);
    const producer = roleOf(source);
    const byPass = joined.has(source);
    const inRegisters =
      fuse && role === "elementwise" && producer === "elementwise" && (source === x.node || inlined.has(source));
    // An assembly that could not be filled within this one is copied from memory, which must be filled first. So is
    // what a pass reduces.
    const copied = (producer === "assembly" || byPass) && isCopied(node, x);
    const inPlace = role === "assembly" && source === x.node && placeable(x) && !copied;
    const before = producer === "input" || (producer === "anchor" && !byPass);
    slot = Math.max(slot, from + (inRegisters || inPlace || before ? 0 : 1));
  }
  return slot;
}

/** The node behind a chain of views, for the nodes of a block. */
function sourcesOf(nodes: readonly Node[]): (x: SymbolTensor) => Node {
  const sources = new Map<Node, Node>();
  const sourceOf = (x: SymbolTensor): Node => sources.get(x.node) ?? x.node;
  for (const node of nodes) {
    const [viewed] = node.inputs;
    // Behind a view of a constant nothing is computed.
    if (roleOf(node) === "view" && viewed?.kind === "symbol") sources.set(node, sourceOf(viewed));
  }
  return sourceOf;
}

/** Whether a value may be computed into any row-major window of memory, such as its part of an assembly. */
export function placeable(x: SymbolTensor): boolean {
  return factsOf(x.node.operation).placeable;
}

function isLeaf(x: Tensor): boolean {
  return x.kind === "array" || roleOf(x.node) === "input" || roleOf(x.node) === "anchor";
}
