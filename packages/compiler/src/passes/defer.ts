import { programOf, type Program, type Tensor } from "@sluice/tensor";
import {
  applyScan,
  isNodeOf,
  lookUp,
  nodesOf,
  nth,
  splitScan,
  zip,
  type Node,
  type ScanOperation,
  type SymbolTensor,
} from "@sluice/tensor/internal";
import { TensorMap } from "../program/tensor-map.ts";
import { lift, liftable, type Lifted } from "./lift.ts";
import { rewriteScans } from "./rewrite.ts";
import { hasLoop } from "./uses.ts";

/**
 * Defer: products that only an output of the loop needs, and no later step, are computed for all steps at once after
 * the loop. In a backward loop this is the gradient of the input.
 */
export function defer(program: Program): Program {
  return rewriteScans(program, deferScan);
}

function deferScan(operation: ScanOperation, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const { body, length, states } = operation;
  if (hasLoop(body)) return undefined;
  const inner = splitScan(operation, body.inputs);
  const outer = splitScan(operation, inputs);
  const own = new Set(body.inputs.map((x) => x.node));
  const looped = new Set(nodesOf(body.outputs.slice(0, states), own));
  const stackedInputs = new Set([...inner.states, ...inner.sequences].map((x) => x.node));
  const deferred = chooseDeferred(body, looped, stackedInputs);
  if (deferred.size === 0) return undefined;

  const needed: SymbolTensor[] = [];
  const places = new TensorMap<number>();
  const captures = new Map(zip(inner.captures, outer.captures));
  const sequences = new Map(zip(inner.sequences, outer.sequences));
  const fromLoop = (x: Tensor): x is SymbolTensor =>
    x.kind === "symbol" && !deferred.has(x.node) && !captures.has(x) && !sequences.has(x);
  for (const node of body.nodes) {
    if (!deferred.has(node)) continue;
    for (const x of node.inputs) if (fromLoop(x) && !places.has(x)) places.set(x, needed.push(x) - 1);
  }

  const kept = body.outputs.flatMap((y, i) =>
    i >= states && !(y.kind === "symbol" && deferred.has(y.node)) ? [y] : [],
  );
  const results = applyScan(
    { ...operation, body: programOf(body.inputs, [...body.outputs.slice(0, states), ...kept, ...needed]) },
    inputs,
  );
  const stacked = results.slice(states + kept.length);
  const lifted = new Map<Node, readonly Lifted[]>();
  const get = (x: Tensor): Lifted => {
    if (x.kind === "array") return { tensor: x, stacked: false };
    const capture = captures.get(x);
    if (capture !== undefined) return { tensor: capture, stacked: false };
    const sequence = sequences.get(x);
    if (sequence !== undefined) return { tensor: sequence, stacked: true };
    const place = (): number => lookUp(places, x, "defer: a value that the loop does not give");
    return lifted.get(x.node)?.[x.index] ?? { tensor: nth(stacked, place()), stacked: true };
  };
  for (const node of body.nodes) if (deferred.has(node)) lifted.set(node, lift(node, node.inputs.map(get), length));
  let next = states;
  return body.outputs.map((y, i) => {
    if (i < states) return nth(results, i);
    return y.kind === "symbol" && deferred.has(y.node) ? get(y).tensor : nth(results, next++);
  });
}

/**
 * Products with a matrix that is the same in every step, and values that depend on them, if no later step needs them.
 */
function chooseDeferred(body: Program, looped: ReadonlySet<Node>, stackedInputs: ReadonlySet<Node>): Set<Node> {
  const varying = new Set<Node>(stackedInputs);
  for (const node of body.nodes)
    if (node.inputs.some((x) => x.kind === "symbol" && varying.has(x.node))) varying.add(node);
  const varies = (x: Tensor | undefined): boolean => x?.kind === "symbol" && varying.has(x.node);
  const seeds = body.nodes.filter(
    (node) =>
      !looped.has(node) &&
      isNodeOf(node, "matmul") &&
      varies(node.inputs[0]) &&
      !varies(node.inputs[1]) &&
      node.inputs[1].shape.length === 2,
  );
  const readers = new Map<Node, Node[]>();
  for (const node of body.nodes) {
    for (const x of node.inputs) {
      if (x.kind === "array") continue;
      const known = readers.get(x.node);
      if (known === undefined) readers.set(x.node, [node]);
      else known.push(node);
    }
  }
  // From the last node to the first. A node can be deferred if it can be computed for all steps, and if all nodes that
  // depend on it can be deferred.
  const possible = new Set<Node>();
  for (const node of body.nodes.toReversed()) {
    if (liftable(node, node.inputs.map(varies)) && (readers.get(node) ?? []).every((reader) => possible.has(reader)))
      possible.add(node);
  }
  const deferred = new Set<Node>();
  const stack = seeds.filter((seed) => possible.has(seed));
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (deferred.has(node)) continue;
    deferred.add(node);
    stack.push(...(readers.get(node) ?? []));
  }
  return deferred;
}
