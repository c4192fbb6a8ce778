import { type Program } from "@sluice/tensor";
import { picked, sizeOf, type Node, type ScanOperation } from "@sluice/tensor/internal";

/**
 * A loop, and the loop in the other direction that reads the values that the first one keeps: forward and backward
 * propagation through time.
 */
export interface LoopPair {
  readonly forward: Node;
  readonly backward: Node;
  /** Number of steps. */
  readonly length: number;
  /**
   * Outputs of the forward loop that only the backward loop reads, step by step: positions among the node's outputs.
   */
  readonly kept: readonly number[];
  /** The number of their elements per step. */
  readonly keptElements: number;
  /** Elements of the forward loop's states. */
  readonly stateElements: number;
}

/** The pairs of loops of a program, in program order. A loop belongs to one pair, the one that keeps most. */
export function loopPairs(program: Program): LoopPair[] {
  const uses = usesOf(program);
  const scans = program.nodes.filter((node) => node.operation.op === "scan");
  const possible = scans.flatMap((forward) =>
    readersOf(forward, uses).flatMap((backward) => pairOf(forward, backward, uses) ?? []),
  );
  const taken = new Set<Node>();
  const chosen = new Set<LoopPair>();
  for (const pair of possible.toSorted((a, b) => elementsKept(b) - elementsKept(a))) {
    if (taken.has(pair.forward) || taken.has(pair.backward)) continue;
    taken.add(pair.forward).add(pair.backward);
    chosen.add(pair);
  }
  return possible.filter((pair) => chosen.has(pair));
}

export const elementsKept = ({ keptElements, length }: LoopPair): number => keptElements * length;

/** The reader of an output: an input of a node, or the program's result. */
type Use = { readonly node: Node; readonly position: number } | "result";

function usesOf(program: Program): Map<Node, Map<number, Use[]>> {
  const uses = new Map<Node, Map<number, Use[]>>();
  const add = (of: Node, index: number, use: Use): void => {
    const known = uses.get(of) ?? new Map<number, Use[]>();
    uses.set(of, known);
    const ofOutput = known.get(index);
    if (ofOutput === undefined) known.set(index, [use]);
    else ofOutput.push(use);
  };
  for (const node of program.nodes)
    node.inputs.forEach((x, position) => x.kind === "symbol" && add(x.node, x.index, { node, position }));
  for (const y of program.outputs) if (y.kind === "symbol") add(y.node, y.index, "result");
  return uses;
}

/** The loops that read a loop's outputs. */
function readersOf(forward: Node, uses: Map<Node, Map<number, Use[]>>): Node[] {
  const readers = [...(uses.get(forward)?.values() ?? [])]
    .flat()
    .flatMap((use) => (use !== "result" && use.node.operation.op === "scan" ? [use.node] : []));
  return [...new Set(readers)];
}

function pairOf(forward: Node, backward: Node, uses: Map<Node, Map<number, Use[]>>): LoopPair | undefined {
  const [first, second] = [scanOf(forward), scanOf(backward)];
  if (first === undefined || second === undefined || first.length !== second.length || first.reverse === second.reverse)
    return undefined;
  const sequences = second.captures + second.states;
  const kept = [...(uses.get(forward) ?? [])].flatMap(([index, readers]) => {
    const onlyBackward = readers.every((use) => use !== "result" && use.node === backward && use.position >= sequences);
    return index >= first.states && onlyBackward ? [index] : [];
  });
  if (kept.length === 0) return undefined;
  const elements = (outputs: readonly { readonly shape: readonly number[] }[]): number =>
    outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return {
    forward,
    backward,
    kept,
    length: first.length,
    keptElements: elements(picked(first.body.outputs, kept)),
    stateElements: elements(first.body.outputs.slice(0, first.states)),
  };
}

function scanOf({ operation }: Node): ScanOperation | undefined {
  return operation.op === "scan" ? operation : undefined;
}
