import {
  applyScan,
  dependents,
  input,
  programOf,
  splitScan,
  substitute,
  type Node,
  type Program,
  type ScanOperation,
  type SymbolTensor,
  type Tensor,
} from "@sluice/tensor";
import { TensorMap } from "../plan/tensor-map.ts";
import { isHeavy, lift, liftable, type Lifted } from "./lift.ts";
import { rewriteScans } from "./rewrite.ts";
import { hasLoop } from "./uses.ts";

/**
 * Hoist: products and reductions that do not depend on the state leave the loop. The projection of the input, one product a step, becomes one product over
 * all steps; its result comes back as a sequence. What depends on the captures alone is computed once.
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
  inner.captures.forEach((x, i) => lifted.set(x.node, [{ tensor: outer.captures[i]!, stacked: false }]));
  inner.sequences.forEach((x, i) => lifted.set(x.node, [{ tensor: outer.sequences[i]!, stacked: true }]));
  const get = (x: Tensor): Lifted => (x.kind === "array" ? { tensor: x, stacked: false } : lifted.get(x.node)![x.index]!);
  for (const node of body.nodes) {
    if (hoisted.has(node)) lifted.set(node, lift(node, node.inputs.map(get), length)!);
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
      body: programOf([...inner.captures, ...newCaptures, ...inner.states, ...inner.sequences, ...newSequences], outputs),
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

/** The heavy nodes that can leave, and what they need. */
function chooseHoisted(body: Program, ofState: ReadonlySet<Node>, ofSequence: ReadonlySet<Node>, sequences: ReadonlySet<Node>): Set<Node> {
  const possible = new Set<Node>();
  const varies = (x: Tensor): boolean => x.kind === "symbol" && (sequences.has(x.node) || ofSequence.has(x.node));
  for (const node of body.nodes) {
    if (ofState.has(node) || !liftable(node, node.inputs.map(varies))) continue;
    const ready = node.inputs.every((x) => x.kind === "array" || x.node.operation.op === "input" || possible.has(x.node));
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
  for (const node of possible) if ((isHeavy(node) && !nested) || !ofSequence.has(node)) choose(node);
  return chosen;
}
