import { isElementwise, keepsAxes, roleOf } from "@sluice/compiler";
import { type Tensor } from "@sluice/tensor";
import { sizeOf, type Node } from "@sluice/tensor/internal";

/**
 * Which values of a block get memory. A launch costs more than a few operations, so a kernel computes again what it
 * needs of others' intermediate values, unless that is much work: many operations, or few that are needed by many
 * elements.
 */
export interface Storage {
  /** Values that a kernel writes. */
  readonly written: ReadonlySet<Node>;
  /** Those of them that other kernels read; the others are also computed where they are used. */
  readonly read: ReadonlySet<Node>;
}

/** Operations in one kernel for one element, by {@link costOf}. */
const LONGEST = 160;
/** Operations computed again for one element. */
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
  /** How many elements of a value other values ask for. */
  const wanted = new Map<Node, number>();
  const want = (x: Tensor, elements: number): void => {
    if (x.kind === "symbol" && own.has(x.node)) wanted.set(x.node, (wanted.get(x.node) ?? 0) + elements);
  };
  const inMemory = (x: Tensor): void => {
    if (x.kind === "array" || !own.has(x.node)) return;
    if (isView(x.node)) inMemory(x.node.inputs[0]!);
    else if (x.node.operation.op !== "iota") keep(x.node);
  };
  for (const node of nodes.toReversed()) {
    const size = sizeOf(node.outputs[0]?.shape ?? []);
    if (isAnchor(node)) {
      askOfAnchor(node, size, want, inMemory);
      continue;
    }
    const asked = wanted.get(node) ?? 0;
    if (!read.has(node) && !isView(node) && node.operation.op !== "iota" && size > 0) {
      const again = asked - (written.has(node) ? 0 : size);
      if ((costs.get(node)! * again) / size > WASTE) keep(node);
    }
    const evaluations = (written.has(node) ? size : 0) + (read.has(node) ? 0 : asked);
    if (node.operation.op === "gather") {
      inMemory(node.inputs[0]!);
      want(node.inputs[1]!, evaluations);
    } else {
      for (const x of node.inputs)
        want(x, node.operation.op === "concat" && size > 0 ? (evaluations * sizeOf(x.shape)) / size : evaluations);
    }
  }
  return { written, read };
}

/**
 * What an element costs with everything that is computed on the way to it; a value that would cost too much is kept.
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
        for (const other of paths.get(x.node)!) path.add(other);
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
  const { op } = node.operation;
  for (const x of node.inputs) {
    // Every element of a reduction's operand is needed once; everything else is read again and again.
    if ((op === "reduceSum" || op === "reduceMax") && size > 0) want(x, sizeOf(x.shape));
    else inMemory(x);
  }
}

/**
 * Values that take a kernel of their own to compute. Gathering and counting a plan does in steps of their own; a kernel
 * does them on the way.
 */
export function isAnchor(node: Node): boolean {
  const { op } = node.operation;
  return roleOf(node) === "anchor" && op !== "gather" && op !== "iota";
}

/** Other looks at the same elements. */
export function isView(node: Node): boolean {
  return roleOf(node) === "view";
}

function costOf(node: Node): number {
  const { operation, inputs } = node;
  switch (operation.op) {
    case "exp":
    case "expm1":
    case "log":
    case "log1p":
    case "sigmoid":
    case "tanh":
      return 10;
    case "div":
    case "sqrt":
    case "gather":
    case "pad":
      return 4;
    case "concat":
      return 2 * inputs.length;
    case "reshape":
      return keepsAxes(inputs[0]!.shape, operation.shape) ? 0 : 4;
    case "mul":
      return inputs[0]!.dtype === "i32" ? 24 : 1;
    default:
      if (!isElementwise(node)) return 0;
      return inputs.at(-1)!.dtype === "i32" ? 8 : 1;
  }
}
