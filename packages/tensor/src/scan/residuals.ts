import { nth } from "../lists.ts";
import type { Node } from "../node.ts";
import { dependents, nodesOf } from "../program/program.ts";
import type { SymbolTensor, Tensor } from "../tensor.ts";
import type { ScanParts } from "./parts.ts";

export interface Residuals {
  /** Values of a forward step that are kept for the backward step. */
  readonly stacked: readonly SymbolTensor[];
  /** Slices of the forward sequences, which the backward step reads again. */
  readonly sequences: readonly SymbolTensor[];
}

const isView = ({ rules }: Node): boolean => rules.recompute === "view";
const isCheap = ({ rules }: Node): boolean => rules.recompute !== "costly";

/**
 * Chooses the values to keep: the forward values that the backward computation reads, except values that depend only on
 * captures, values that are in the sequences anyway, and cheap functions of values that are kept.
 */
export function residualsOf(
  outputs: readonly Tensor[],
  seeds: readonly SymbolTensor[],
  inner: ScanParts<SymbolTensor>,
): Residuals {
  const own = [...inner.captures, ...inner.states, ...inner.sequences];
  const nodes = nodesOf(outputs, new Set([...seeds, ...own].map((x) => x.node)));
  const later = dependents(nodes, seeds);
  const varying = dependents(nodes, [...inner.states, ...inner.sequences]);
  const states = new Set(inner.states.map((x) => x.node));
  const sequences = new Set(inner.sequences.map((x) => x.node));
  const seedNodes = new Set(seeds.map((x) => x.node));

  const border = new SymbolSet();
  const isForward = (x: Tensor): x is SymbolTensor =>
    x.kind === "symbol" && !later.has(x.node) && !seedNodes.has(x.node);
  const reach = (read: Tensor): void => {
    let x = read;
    // A view has one operand.
    while (x.kind === "symbol" && varying.has(x.node) && isForward(x) && isView(x.node)) x = nth(x.node.inputs, 0);
    if (isForward(x) && (varying.has(x.node) || states.has(x.node) || sequences.has(x.node))) border.add(x);
  };
  for (const node of nodes) if (later.has(node)) node.inputs.forEach(reach);
  outputs.forEach(reach);

  const candidates = [...border].filter((x) => !sequences.has(x.node));
  const kept = new SymbolSet();
  for (const x of candidates) if (!isCheap(x.node)) kept.add(x);
  // In program order, so that values kept for an earlier node are available for later ones.
  const repeated = new Set<Node>();
  const available = (x: Tensor): boolean =>
    x.kind === "array" ||
    sequences.has(x.node) ||
    kept.has(x) ||
    (!states.has(x.node) && (!varying.has(x.node) || repeated.has(x.node)));
  const wanted = new Map(candidates.map((x) => [x.node, x]));
  for (const node of nodes) {
    if (!varying.has(node) || !isCheap(node)) continue;
    const candidate = wanted.get(node);
    if (node.inputs.every(available)) repeated.add(node);
    else if (candidate !== undefined) kept.add(candidate);
  }

  const roots = [...nodes.filter((node) => later.has(node)).flatMap((node) => node.inputs), ...outputs].filter(
    isForward,
  );
  const read = nodesOf(
    roots.filter((x) => !kept.has(x)),
    new Set(),
    (node) => (varying.has(node) ? node.inputs.filter((x) => x.kind === "array" || !kept.has(x)) : []),
  );
  const used = new Set(read);
  return {
    stacked: candidates.filter((x) => kept.has(x)),
    sequences: inner.sequences.filter((x) => used.has(x.node)),
  };
}

/** Symbols in the order in which they were added; two are equal if node and index are. */
class SymbolSet {
  readonly #indices = new Map<Node, Set<number>>();
  readonly #order: SymbolTensor[] = [];

  has(x: SymbolTensor): boolean {
    return this.#indices.get(x.node)?.has(x.index) === true;
  }

  add(x: SymbolTensor): void {
    if (this.has(x)) return;
    this.#indices.set(x.node, (this.#indices.get(x.node) ?? new Set()).add(x.index));
    this.#order.push(x);
  }

  [Symbol.iterator](): Iterator<SymbolTensor> {
    return this.#order[Symbol.iterator]();
  }
}
