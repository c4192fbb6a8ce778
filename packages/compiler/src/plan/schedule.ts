/**
 * Which values of a block get memory, and in which order its work is done. A block is a program or the body of a loop. Work is put into slots: an elementwise value and the
 * elementwise values of the same shape that read it share a slot, and so one pass; whatever is read through memory is written in an earlier slot.
 */
import { sizeOf, type Node, type SymbolTensor, type Tensor } from "@sluice/tensor";
import type { Placement } from "./placement.ts";
import { isLight, keepsAxes, roleOf } from "./roles.ts";
import { outputOf, sameTensor, TensorMap } from "./tensor-map.ts";

export interface Schedule {
  readonly slotOf: ReadonlyMap<Node, number>;
  readonly slots: number;
  /** Elementwise values that are written to memory. Values of anchors and assemblies always are. */
  readonly stored: ReadonlySet<Node>;
  /** Elementwise values that are computed again wherever they are read. */
  readonly inlined: ReadonlySet<Node>;
}

/** How a value is read. */
interface Uses {
  /** By an anchor, an assembly or as a result. */
  memory: boolean;
  /** By elementwise work of the same shape, element by element. */
  readonly direct: Node[];
  /** Elements read by elementwise work through views. */
  mapped: number;
}

/** Without `fuse`, every elementwise value is written to memory by a pass of its own. */
export function schedule(nodes: readonly Node[], results: readonly Tensor[], { copies }: Pick<Placement, "copies">, fuse: boolean): Schedule {
  const { uses, inlined, stored } = fuse ? decideStorage(nodes, results) : { uses: new TensorMap<Uses>(), inlined: new Set<Node>(), stored: new Set(nodes.filter((node) => roleOf(node) === "elementwise")) };
  const slotOf = new Map<Node, number>();
  for (const node of nodes) slotOf.set(node, earliestSlot(node, { slotOf, inlined, copies, fuse }));
  // An elementwise value that only others read is computed where the first of them is.
  for (const node of nodes.toReversed()) {
    if (roleOf(node) !== "elementwise" || stored.has(node) || inlined.has(node)) continue;
    const readers = uses.get(outputOf(node))?.direct ?? [];
    if (readers.length > 0) slotOf.set(node, Math.min(...readers.map((reader) => slotOf.get(reader)!)));
  }
  for (const node of nodes) {
    if (roleOf(node) !== "elementwise" || stored.has(node) || inlined.has(node)) continue;
    const slot = slotOf.get(node)!;
    const readers = uses.get(outputOf(node))?.direct ?? [];
    if (readers.every((reader) => slotOf.get(reader) === slot)) continue;
    if (isLight(node) && node.inputs.every(isLeaf)) inlined.add(node);
    else stored.add(node);
  }
  return { slotOf, slots: Math.max(0, ...slotOf.values()) + 1, stored, inlined };
}

function decideStorage(nodes: readonly Node[], results: readonly Tensor[]): { uses: TensorMap<Uses>; stored: Set<Node>; inlined: Set<Node> } {
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
    const own = node.outputs.length === 1 ? usesOf(outputOf(node)) : undefined;
    switch (roleOf(node)) {
      case "view": {
        const affine = node.operation.op !== "reshape" || keepsAxes(node.inputs[0]!.shape, node.outputs[0]!.shape);
        for (const x of symbols(node.inputs)) {
          const seen = usesOf(x);
          const elements = own!.mapped + own!.direct.length * elementsOf(node);
          if (own!.memory || (elements > 0 && !affine)) seen.memory = true;
          if (affine) seen.mapped += elements;
        }
        break;
      }
      case "elementwise": {
        const { memory, direct, mapped } = own!;
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
        for (const x of symbols(node.inputs)) usesOf(x).memory = true;
    }
  }
  return { uses, stored, inlined };
}

/** An empty value counts as one element: it is read as well, only that nothing is done. */
function elementsOf(node: Node): number {
  return Math.max(1, sizeOf(node.outputs[0]!.shape));
}

/** Within a slot anchors come first, then passes; so memory that a pass or an assembly fills can be read from the next slot on. */
function earliestSlot(node: Node, { slotOf, inlined, copies, fuse }: Pick<Schedule, "slotOf" | "inlined"> & Pick<Placement, "copies"> & { readonly fuse: boolean }): number {
  const role = roleOf(node);
  let slot = 0;
  for (const x of node.inputs) {
    if (x.kind === "array" || !slotOf.has(x.node)) continue;
    const from = slotOf.get(x.node)!;
    if (role === "view") {
      slot = Math.max(slot, from);
      continue;
    }
    const source = sourceOf(x);
    const producer = roleOf(source);
    const inRegisters = fuse && role === "elementwise" && producer === "elementwise" && (source === x.node || inlined.has(source));
    // An assembly that could not be filled within this one is copied from memory, which has to be filled first.
    const copied = producer === "assembly" && copies.get(node)?.some(({ tensor }) => sameTensor(tensor, x)) === true;
    const inPlace = role === "assembly" && source === x.node && placeable(x) && !copied;
    slot = Math.max(slot, from + (inRegisters || inPlace || producer === "anchor" || producer === "input" ? 0 : 1));
  }
  return slot;
}

/** The node that a chain of views looks at. */
export function sourceOf(x: SymbolTensor): Node {
  let source: Tensor = x;
  while (source.kind === "symbol" && roleOf(source.node) === "view") {
    const next: Tensor = source.node.inputs[0]!;
    if (next.kind === "array") break;
    source = next;
  }
  return source.kind === "symbol" ? source.node : x.node;
}

/** Whether a value may be computed into any row-major window of memory, such as its part of an assembly. */
export function placeable(x: SymbolTensor): boolean {
  const { op } = x.node.operation;
  const role = roleOf(x.node);
  return role === "elementwise" || role === "assembly" || op === "matmul" || op === "reduceSum" || op === "reduceMax";
}

function isLeaf(x: Tensor): boolean {
  return x.kind === "array" || roleOf(x.node) === "input" || roleOf(x.node) === "anchor";
}
