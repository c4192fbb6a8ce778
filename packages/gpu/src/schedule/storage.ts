import { factsOf, isView, keepsAxes, readingOf, roleOf } from "@sluice/compiler";
import { type Tensor } from "@sluice/tensor";
import { sizeOf, type Node, nth, lookUp } from "@sluice/tensor/internal";

/**
 * Decides which values of a block are stored. A launch costs more than a few operations, so a kernel recomputes the
 * intermediate values that it needs. The exceptions are values that would cost much: through many operations, or
 * through few operations for many elements.
 */
export interface Storage {
  /** The values that a kernel writes. */
  readonly written: ReadonlySet<Node>;
  /** The written values that other kernels read. The other written values are also recomputed where they are used. */
  readonly read: ReadonlySet<Node>;
}

/** The most operations for one element in a kernel, by {@link costOf}. */
const LONGEST = 160;
/** The most operations to recompute per element. */
const WASTE = 64;

export function decideStorage(nodes: readonly Node[], results: readonly Tensor[], forced: ReadonlySet<Node>): Storage {
  const written = new Set<Node>();
  const read = new Set<Node>();
  const keep = (node: Node): void => {
    written.add(node);
    read.add(node);
  };
  for (const node of nodes) if (isAnchor(node) || forced.has(node)) keep(node);
  const costs = accumulatedCosts(nodes, read, keep);

  const own = new Set(nodes);
  for (const x of results) if (x.kind === "symbol" && own.has(x.node)) written.add(x.node);
  /** How many elements of each value the other values read. */
  const wanted = new Map<Node, number>();
  const want = (x: Tensor, elements: number): void => {
    if (x.kind === "symbol" && own.has(x.node)) wanted.set(x.node, (wanted.get(x.node) ?? 0) + elements);
  };
  const inMemory = (x: Tensor): void => {
    if (x.kind === "array" || !own.has(x.node)) return;
    if (isView(x.node)) inMemory(nth(x.node.inputs, 0));
    else if (!isCounting(x.node)) keep(x.node);
  };
  for (const node of nodes.toReversed()) {
    const size = sizeOf(node.outputs[0]?.shape ?? []);
    if (isAnchor(node)) {
      askOfAnchor(node, size, want, inMemory);
      continue;
    }
    const asked = wanted.get(node) ?? 0;
    if (!read.has(node) && !isView(node) && !isCounting(node) && size > 0) {
      const again = asked - (written.has(node) ? 0 : size);
      if ((lookUp(costs, node, "no cost") * again) / size > WASTE) keep(node);
    }
    const evaluations = (written.has(node) ? size : 0) + (read.has(node) ? 0 : asked);
    const isJoined = node.inputs.length > 1 && roleOf(node) === "assembly" && size > 0;
    node.inputs.forEach((x, i) => {
      if (readingOf(factsOf(node.operation), i) === "again") inMemory(x);
      else want(x, isJoined ? (evaluations * sizeOf(x.shape)) / size : evaluations);
    });
  }
  return { written, read };
}

/**
 * The cost of one element of each value, including everything computed on the way. A value that would cost too much is
 * stored.
 */
function accumulatedCosts(
  nodes: readonly Node[],
  read: ReadonlySet<Node>,
  keep: (node: Node) => void,
): Map<Node, number> {
  const own = new Set(nodes);
  const paths = new Map<Node, ReadonlySet<Node>>();
  const costs = new Map<Node, number>();
  for (const node of nodes) {
    const path = new Set<Node>([node]);
    for (const x of node.inputs) {
      if (x.kind === "symbol" && own.has(x.node) && !read.has(x.node))
        for (const other of lookUp(paths, x.node, "no path")) path.add(other);
    }
    let cost = 0;
    for (const other of path) cost += costOf(other);
    if (cost > LONGEST && !isAnchor(node) && !isView(node)) keep(node);
    paths.set(node, path);
    costs.set(node, cost);
  }
  return costs;
}

function askOfAnchor(
  node: Node,
  size: number,
  want: (x: Tensor, elements: number) => void,
  inMemory: (x: Tensor) => void,
): void {
  node.inputs.forEach((x, i) => {
    if (readingOf(factsOf(node.operation), i) === "once" && size > 0) want(x, sizeOf(x.shape));
    else inMemory(x);
  });
}

/**
 * Values that need a kernel of their own. A plan has separate steps for gather and iota; a kernel computes them on the
 * fly.
 */
export function isAnchor(node: Node): boolean {
  return roleOf(node) === "anchor" && !factsOf(node.operation).byElement;
}

/** Values that are a function of the position alone, which nothing is read for. */
export function isCounting({ inputs }: Node): boolean {
  return inputs.length === 0;
}

function costOf(node: Node): number {
  const { operation, inputs } = node;
  switch (factsOf(operation).cost) {
    case "long":
      return 10;
    case "slow":
    case "bulk":
      return isAnchor(node) ? 0 : 4;
    case "light":
    case "short":
      // An integer is two halves, and a product of them four.
      if (inputs.at(-1)?.dtype === "i32") return operation.op === "mul" ? 24 : 8;
      return 1;
    case "moved":
      if (roleOf(node) === "assembly") return 2 * Math.max(2, inputs.length);
      return operation.op === "reshape" && !keepsAxes(nth(inputs, 0).shape, operation.shape) ? 4 : 0;
    case "own":
      return 0;
  }
}
