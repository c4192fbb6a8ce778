import {
  applyScan,
  nodesOf,
  programOf,
  splitScan,
  type Node,
  type Program,
  type ScanOperation,
  type SymbolTensor,
  type Tensor,
} from "@sluice/tensor";
import { lift, liftable, type Lifted } from "./lift.ts";
import { rewriteScans } from "./rewrite.ts";
import { hasLoop } from "./uses.ts";

/**
 * Defer: products that only an output of the loop needs, and no later step, are done for all steps at once after the loop. In a backward loop that is the
 * gradient of the input.
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
  const indexOf = (x: SymbolTensor): number => needed.findIndex((y) => y.node === x.node && y.index === x.index);
  const fromLoop = (x: Tensor): x is SymbolTensor =>
    x.kind === "symbol" && !deferred.has(x.node) && !inner.captures.includes(x) && !inner.sequences.includes(x);
  for (const node of body.nodes) {
    if (deferred.has(node)) for (const x of node.inputs) if (fromLoop(x) && indexOf(x) < 0) needed.push(x);
  }

  const kept = body.outputs.flatMap((y, i) => (i >= states && !(y.kind === "symbol" && deferred.has(y.node)) ? [y] : []));
  const results = applyScan(
    { ...operation, body: programOf(body.inputs, [...body.outputs.slice(0, states), ...kept, ...needed]) },
    inputs,
  );
  const lifted = new Map<Node, readonly Lifted[]>();
  const get = (x: Tensor): Lifted => {
    if (x.kind === "array") return { tensor: x, stacked: false };
    const capture = inner.captures.indexOf(x);
    if (capture >= 0) return { tensor: outer.captures[capture]!, stacked: false };
    const sequence = inner.sequences.indexOf(x);
    if (sequence >= 0) return { tensor: outer.sequences[sequence]!, stacked: true };
    return lifted.get(x.node)?.[x.index] ?? { tensor: results[states + kept.length + indexOf(x)]!, stacked: true };
  };
  for (const node of body.nodes) if (deferred.has(node)) lifted.set(node, lift(node, node.inputs.map(get), length)!);
  let next = states;
  return body.outputs.map((y, i) => {
    if (i < states) return results[i]!;
    return y.kind === "symbol" && deferred.has(y.node) ? get(y).tensor : results[next++]!;
  });
}

/** Products with a matrix that is the same in every step, and what depends on them, as long as no later step does. */
function chooseDeferred(body: Program, looped: ReadonlySet<Node>, stackedInputs: ReadonlySet<Node>): Set<Node> {
  const varying = new Set<Node>(stackedInputs);
  for (const node of body.nodes) if (node.inputs.some((x) => x.kind === "symbol" && varying.has(x.node))) varying.add(node);
  const varies = (x: Tensor | undefined): boolean => x?.kind === "symbol" && varying.has(x.node);
  const seeds = body.nodes.filter(
    (node) => !looped.has(node) && node.operation.op === "matmul" && varies(node.inputs[0]) && !varies(node.inputs[1]) && node.inputs[1]!.shape.length === 2,
  );
  const deferred = new Set<Node>();
  for (const seed of seeds) {
    const cone = new Set<Node>([seed]);
    for (const node of body.nodes) if (node.inputs.some((x) => x.kind === "symbol" && cone.has(x.node))) cone.add(node);
    if ([...cone].every((node) => liftable(node, node.inputs.map(varies)))) for (const node of cone) deferred.add(node);
  }
  return deferred;
}
