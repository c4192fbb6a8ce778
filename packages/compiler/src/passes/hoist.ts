import { programOf, type Program, type Tensor } from "@sluice/tensor";
import {
  applyScan,
  dependents,
  input,
  isNodeOf,
  lookUp,
  nth,
  sizeOf,
  splitScan,
  substitute,
  zip,
  type Node,
  type ScanOperation,
  type SymbolTensor,
} from "@sluice/tensor/internal";
import { isView } from "../facts/roles.ts";
import { TensorMap } from "../program/tensor-map.ts";
import { isHeavy, lift, liftable, type Lifted } from "./lift.ts";
import { rewriteScans } from "./rewrite.ts";
import { hasLoop } from "./uses.ts";

/**
 * Hoist: products and reductions that do not depend on the state leave the loop. The projection of the input, one
 * product per step, becomes one product over all steps, and its result comes back as a sequence. Values that depend
 * only on captures are computed once.
 *
 * What leaves the loop is stacked for all steps, so it must be worth its memory. Values that are much larger than their
 * operands, such as the outer product of a matrix memory, stay in the step, and so do the nodes that need them.
 */
export function hoist(program: Program): Program {
  return rewriteScans(program, hoistScan);
}

function hoistScan(operation: ScanOperation, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const { body, length } = operation;
  const inner = splitScan(operation, body.inputs);
  const outer = splitScan(operation, inputs);
  const ofState = dependents(body.nodes, inner.states);
  const ofSequence = dependents(body.nodes, inner.sequences);
  const hoisted = chooseHoisted(body, ofState, ofSequence, new Set(inner.sequences.map((x) => x.node)));
  if (hoisted.size === 0) return undefined;

  const lifted = new Map<Node, readonly Lifted[]>();
  for (const [x, tensor] of zip(inner.captures, outer.captures)) lifted.set(x.node, [{ tensor, stacked: false }]);
  for (const [x, tensor] of zip(inner.sequences, outer.sequences)) lifted.set(x.node, [{ tensor, stacked: true }]);
  const get = (x: Tensor): Lifted =>
    x.kind === "array"
      ? { tensor: x, stacked: false }
      : nth(lookUp(lifted, x.node, "hoist: a value that stays in the loop"), x.index);
  for (const node of body.nodes) {
    if (hoisted.has(node)) lifted.set(node, lift(node, node.inputs.map(get), length));
  }

  // Values that the rest of the body still needs come back as captures or sequences.
  const border: SymbolTensor[] = [];
  const crossed = new TensorMap<true>();
  const cross = (x: Tensor): void => {
    if (x.kind === "array" || !hoisted.has(x.node) || crossed.has(x)) return;
    crossed.set(x, true);
    border.push(x);
  };
  for (const node of body.nodes) if (!hoisted.has(node)) node.inputs.forEach(cross);
  body.outputs.forEach(cross);
  const invariant = border.filter((x) => !get(x).stacked);
  const stacked = border.filter((x) => get(x).stacked);
  const newCaptures = invariant.map((x) => input(x, "hoisted"));
  const newSequences = stacked.map((x) => input(x, "hoisted"));
  const outputs = substitute(body.outputs, [...invariant, ...stacked], [...newCaptures, ...newSequences]);
  return applyScan(
    {
      ...operation,
      body: programOf(
        [...inner.captures, ...newCaptures, ...inner.states, ...inner.sequences, ...newSequences],
        outputs,
      ),
      captures: operation.captures + newCaptures.length,
      sequences: operation.sequences + newSequences.length,
    },
    [
      ...outer.captures,
      ...invariant.map((x) => get(x).tensor),
      ...outer.states,
      ...outer.sequences,
      ...stacked.map((x) => get(x).tensor),
    ],
  );
}

/** The expensive nodes that can leave, and their operands. */
function chooseHoisted(
  body: Program,
  ofState: ReadonlySet<Node>,
  ofSequence: ReadonlySet<Node>,
  sequences: ReadonlySet<Node>,
): Set<Node> {
  const possible = new Set<Node>();
  const varies = (x: Tensor): boolean => x.kind === "symbol" && (sequences.has(x.node) || ofSequence.has(x.node));
  for (const node of body.nodes) {
    if (ofState.has(node) || !liftable(node, node.inputs.map(varies))) continue;
    const ready = node.inputs.every(
      (x) => x.kind === "array" || x.node.operation.op === "input" || possible.has(x.node),
    );
    if (ready) possible.add(node);
  }
  const chosen = new Set<Node>();
  const choose = (heavy: Node): void => {
    const stack = [heavy];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (chosen.has(node) || !possible.has(node)) continue;
      chosen.add(node);
      for (const x of node.inputs) if (x.kind === "symbol") stack.push(x.node);
    }
  };
  const nested = hasLoop(body);
  const grown = grownOnTheWay(
    [...possible].filter((node) => ofSequence.has(node)),
    varies,
  );
  const isWorthIt = (node: Node): boolean =>
    isHeavy(node) && !nested && (isByWeights(node, varies) ? grown.isSmall(node) : grown.until(node) === 0);
  for (const node of possible) if (!ofSequence.has(node) || isWorthIt(node)) choose(node);
  return chosen;
}

/**
 * A product over all steps reads its matrix once instead of once per step. In return, its operand may be this many
 * times as large as its result.
 */
const GROWTH = 4;

/** Whether a node multiplies by a matrix that is the same in every step. */
function isByWeights(node: Node, varies: (x: Tensor) => boolean): boolean {
  return isNodeOf(node, "matmul") && node.inputs[1].shape.length === 2 && !varies(node.inputs[1]);
}

interface Grown {
  /**
   * The number of elements of the largest value on the way to a node, including the node, that is larger than
   * everything that it is computed from. Operands of a product with weights are stacked for it anyway.
   */
  until(node: Node): number;
  /** Whether a product with weights may leave, given the size of its operand. */
  isSmall(product: Node): boolean;
}

function grownOnTheWay(nodes: readonly Node[], varies: (x: Tensor) => boolean): Grown {
  const known = new Map<Node, { readonly isSmall: boolean; readonly until: number; readonly elements: number }>();
  /** The value behind a view. A broadcast has no more elements than the value that it repeats. */
  const elementsOf = (x: Tensor): number =>
    x.kind === "array"
      ? x.uniform === undefined
        ? sizeOf(x.shape)
        : 1
      : (known.get(x.node)?.elements ?? sourceElements(x));
  for (const node of nodes) {
    const before = node.inputs.reduce(
      (most, x) => Math.max(most, x.kind === "array" ? 0 : (known.get(x.node)?.until ?? 0)),
      0,
    );
    const size = sizeOf(nth(node.outputs, 0).shape);
    const given = node.inputs.reduce((sum, x) => sum + elementsOf(x), 0);
    const isLook = isView(node);
    const isSmall = before <= GROWTH * size;
    const here = isLook || size <= given ? before : Math.max(before, size);
    known.set(node, {
      isSmall,
      until: !isByWeights(node, varies) ? here : isSmall ? 0 : before,
      elements: isLook ? Math.min(size, given) : size,
    });
  }
  return { until: (node) => known.get(node)?.until ?? 0, isSmall: (node) => known.get(node)?.isSmall ?? true };
}

/** For a value that is the same in every step. */
function sourceElements(x: SymbolTensor): number {
  let [seen, least]: [Tensor, number] = [x, sizeOf(x.shape)];
  while (seen.kind === "symbol" && isView(seen.node)) {
    seen = seen.node.inputs[0];
    least = Math.min(least, sizeOf(seen.shape));
  }
  return least;
}
