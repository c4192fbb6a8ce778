import type { Node } from "../node.ts";
import type { Operation } from "../primitives/operation.ts";
import { dependents, nodesOf } from "../program/program.ts";
import type { SymbolTensor, Tensor } from "../tensor.ts";
import type { ScanParts } from "./primitive.ts";

export interface Residuals {
  /** Values of a forward step that are kept for the backward step. */
  readonly stacked: readonly SymbolTensor[];
  /** Slices of the forward sequences that the backward step reads again. */
  readonly sequences: readonly SymbolTensor[];
}

/** Operations that cost less to repeat than to keep, given that their operands are there. */
const cheap: ReadonlySet<Operation["op"]> = new Set<Operation["op"]>([
  "abs", "add", "and", "broadcast", "ceil", "convert", "div", "equal", "floor", "less", "lessEqual", "max", "min", "mul", "name", "neg", "not",
  "or", "reshape", "select", "sign", "slice", "stopGradient", "sub", "transpose",
]);
/** Operations that repeat or move elements: their operand is kept, never their result. */
const views: ReadonlySet<Operation["op"]> = new Set<Operation["op"]>(["broadcast", "name", "reshape", "transpose"]);

/**
 * Chooses what to keep: the forward values at the border of the backward computation, except what the captures alone determine, what the
 * sequences hold anyway, and cheap functions of values that are kept.
 */
export function residualsOf(outputs: readonly Tensor[], seeds: readonly SymbolTensor[], inner: ScanParts<SymbolTensor>): Residuals {
  const own = [...inner.captures, ...inner.states, ...inner.sequences];
  const nodes = nodesOf(outputs, new Set([...seeds, ...own].map((x) => x.node)));
  const later = dependents(nodes, seeds);
  const varying = dependents(nodes, [...inner.states, ...inner.sequences]);
  const states = new Set(inner.states.map((x) => x.node));
  const sequences = new Set(inner.sequences.map((x) => x.node));
  const seedNodes = new Set(seeds.map((x) => x.node));

  const border: SymbolTensor[] = [];
  const isForward = (x: Tensor): x is SymbolTensor => x.kind === "symbol" && !later.has(x.node) && !seedNodes.has(x.node);
  const reach = (x: Tensor): void => {
    if (!isForward(x)) return;
    if (!varying.has(x.node) && !states.has(x.node) && !sequences.has(x.node)) return;
    if (views.has(x.node.operation.op)) x.node.inputs.forEach(reach);
    else if (!border.some((y) => same(x, y))) border.push(x);
  };
  for (const node of nodes) if (later.has(node)) node.inputs.forEach(reach);
  outputs.forEach(reach);

  const kept = new Map<Node, Set<number>>();
  const keep = (x: SymbolTensor): void => void kept.set(x.node, (kept.get(x.node) ?? new Set()).add(x.index));
  const available = (x: Tensor): boolean => {
    if (x.kind === "array" || sequences.has(x.node) || kept.get(x.node)?.has(x.index) === true) return true;
    if (states.has(x.node)) return false;
    if (!varying.has(x.node)) return true;
    return cheap.has(x.node.operation.op) && x.node.inputs.every(available);
  };
  const candidates = border.filter((x) => !sequences.has(x.node));
  for (const x of candidates) if (!cheap.has(x.node.operation.op)) keep(x);
  for (const x of candidates) if (!available(x)) keep(x);

  const used = new Set<Node>();
  const mark = (x: Tensor): void => {
    if (x.kind === "array" || used.has(x.node) || kept.get(x.node)?.has(x.index) === true) return;
    if (sequences.has(x.node) || varying.has(x.node)) used.add(x.node);
    if (varying.has(x.node)) x.node.inputs.forEach(mark);
  };
  for (const node of nodes) if (later.has(node)) node.inputs.filter(isForward).forEach(mark);
  outputs.filter(isForward).forEach(mark);
  return {
    stacked: candidates.filter((x) => kept.get(x.node)?.has(x.index) === true),
    sequences: inner.sequences.filter((x) => used.has(x.node)),
  };
}

function same(a: SymbolTensor, b: SymbolTensor): boolean {
  return a.node === b.node && a.index === b.index;
}
