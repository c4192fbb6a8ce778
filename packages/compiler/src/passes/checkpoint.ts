import { add, concat, programOf, reshape, sliceAxis, zerosLike, type Program, type Tensor } from "@sluice/tensor";
import {
  applyScan,
  close,
  input,
  labelOf,
  lookUp,
  nth,
  picked,
  splitScan,
  zip,
  type Node,
  type ScanOperation,
  type ScanParts,
  type SymbolTensor,
} from "@sluice/tensor/internal";
import { addendOf } from "./addend.ts";
import { loopPairs, type LoopPair } from "./loop-pairs.ts";
import { rewrite } from "./rewrite.ts";
import { countUses } from "./uses.ts";

/**
 * Checkpoint: runs a loop and its backward loop in segments. The forward loop keeps only the states between segments.
 * The backward loop computes the steps of a segment again (Chen et al. 2016, Gruslys et al. 2016). The last segment of
 * the forward loop is needed first, so it keeps everything and is not computed again.
 *
 * `segments` gives the number of segments of each pair of {@link loopPairs}; 1 leaves a pair unchanged. With n segments
 * of a loop of T steps, (n - 1) / n of its steps are computed twice. The kept memory falls from T steps to T / n steps
 * and n - 1 states.
 */
export function checkpointLoops(program: Program, segments: readonly number[]): Program {
  const divisions = new Map<Node, { readonly pair: LoopPair; readonly division: Division }>();
  loopPairs(program).forEach((pair, i) => {
    const division = divide(pair, segments[i] ?? 1);
    if (division.whole > 0) for (const node of [pair.forward, pair.backward]) divisions.set(node, { pair, division });
  });
  const forwards = new Map<Node, Forward>();
  return rewrite(program, (node, inputs) => {
    const found = divisions.get(node);
    if (found === undefined || node.operation.op !== "scan") return undefined;
    const { pair, division } = found;
    if (node === pair.forward) {
      const { results, ...forward } = divideForward(node.operation, inputs, pair.kept, division);
      forwards.set(node, forward);
      return results;
    }
    const keptBy = node.inputs.map((x) =>
      x.kind === "symbol" && x.node === pair.forward && pair.kept.includes(x.index) ? x.index : undefined,
    );
    return divideBackward(
      node.operation,
      inputs,
      keptBy,
      lookUp(forwards, pair.forward, "checkpoint: a backward loop before its forward loop"),
      division,
    );
  });
}

/** `whole` segments of `steps` steps, and `rest` >= 1 steps at the end of the forward loop. */
interface Division {
  readonly steps: number;
  readonly whole: number;
  readonly rest: number;
  /** The forward loop's direction. If it is reversed, the rest is at the beginning of time. */
  readonly reverse: boolean;
}

function divide({ forward, length }: LoopPair, segments: number): Division {
  const steps = Math.ceil(length / Math.max(1, segments));
  const whole = Math.max(0, Math.ceil(length / steps) - 1);
  return {
    steps,
    whole,
    rest: length - whole * steps,
    reverse: forward.operation.op === "scan" && forward.operation.reverse,
  };
}

/** What the backward loop needs to compute a segment again. */
interface Forward {
  readonly operation: ScanOperation;
  readonly outer: ScanParts<Tensor>;
  readonly kept: readonly number[];
  /** The initial states of each whole segment, [whole, ...]. */
  readonly starts: readonly Tensor[];
}

function divideForward(
  operation: ScanOperation,
  inputs: readonly Tensor[],
  kept: readonly number[],
  division: Division,
): Forward & { readonly results: readonly Tensor[] } {
  const { body, states } = operation;
  const inner = splitScan(operation, body.inputs);
  const outer = splitScan(operation, inputs);
  const read = body.outputs.flatMap((_, i) => (i >= states && !kept.includes(i) ? [i] : []));
  const begin = inner.states.map(like);
  const slices = outer.sequences.map((x) => segmentOf(x, division));
  const segments = overSegments({
    states: begin,
    initial: outer.states,
    sequences: slices,
    stacked: outer.sequences.map((x) => wholeOf(x, division)),
    outputs: [...loopOver(operation, read, division.steps, outer.captures, begin, slices), ...begin],
    whole: division.whole,
    reverse: division.reverse,
  });
  const [after, outputs, starts] = [
    segments.slice(0, states),
    segments.slice(states, states + read.length),
    segments.slice(states + read.length),
  ];
  const last = loopOver(
    operation,
    body.outputs.map((_, i) => i).slice(states),
    division.rest,
    outer.captures,
    after,
    outer.sequences.map((x) => restOf(x, division)),
  );
  // Only the steps of the last segment are kept in full: nothing but the backward loop reads them.
  const results = last.map((y, i) => (read.includes(i) ? joined(nth(outputs, read.indexOf(i)), y, division) : y));
  return { operation, outer, kept, starts, results };
}

/**
 * `keptBy`: for each input, the position of the forward loop's output that it is, if that was kept only for this loop.
 */
function divideBackward(
  operation: ScanOperation,
  inputs: readonly Tensor[],
  keptBy: readonly (number | undefined)[],
  forward: Forward,
  division: Division,
): readonly Tensor[] {
  const { body, states } = operation;
  const inner = splitScan(operation, body.inputs);
  const outer = splitScan(operation, inputs);
  const keptOf = splitScan(operation, keptBy).sequences;
  const outputs = body.outputs.map((_, i) => i).slice(states);
  const last = loopOver(
    operation,
    outputs,
    division.rest,
    outer.captures,
    outer.states,
    outer.sequences.map((x, i) => (keptOf[i] === undefined ? restOf(x, division) : x)),
  );

  const slices = new Map<Tensor, SymbolTensor>();
  const sliceOf = (x: Tensor): SymbolTensor => {
    const slice = slices.get(x) ?? segmentOf(x, division);
    slices.set(x, slice);
    return slice;
  };
  const starts = forward.starts.map((x) => input({ shape: x.shape.slice(1), dtype: x.dtype }, "start"));
  const again = loopOver(
    forward.operation,
    forward.kept,
    division.steps,
    forward.outer.captures,
    starts,
    forward.outer.sequences.map(sliceOf),
  ).slice(starts.length);
  const begin = inner.states.map(like);
  const uses = countUses(body);
  // Sums that a loop never reads are computed per segment, and so by one product over its steps.
  const isSum = inner.states.map((state, i) => addendOf(state, nth(body.outputs, i), uses) !== undefined);
  const segment = loopOver(
    operation,
    outputs,
    division.steps,
    outer.captures,
    begin.map((x, i) => (isSum[i] === true ? zerosLike(x) : x)),
    outer.sequences.map((x, i) => (keptOf[i] === undefined ? sliceOf(x) : nth(again, forward.kept.indexOf(keptOf[i])))),
  );
  const segments = overSegments({
    states: begin,
    initial: last.slice(0, states),
    sequences: [...slices.values(), ...starts],
    stacked: [...[...slices.keys()].map((x) => wholeOf(x, division)), ...forward.starts],
    outputs: segment.map((y, i) => (isSum[i] === true ? add(nth(begin, i), y) : y)),
    whole: division.whole,
    reverse: operation.reverse,
  });
  return zip(segments, last).map(([y, rest], i) => (i < states ? y : joined(y, rest, division)));
}

/**
 * A loop over `steps` steps that returns its states and some of its outputs. Positions within a segment are not
 * positions in the sequence, so it makes no promise about lengths.
 */
function loopOver(
  { lengths: _, ...operation }: ScanOperation,
  outputs: readonly number[],
  steps: number,
  captures: readonly Tensor[],
  states: readonly Tensor[],
  sequences: readonly Tensor[],
): readonly Tensor[] {
  const { body } = operation;
  return applyScan(
    {
      ...operation,
      body: programOf(body.inputs, [...body.outputs.slice(0, operation.states), ...picked(body.outputs, outputs)]),
      length: steps,
    },
    [...captures, ...states, ...sequences],
  );
}

interface SegmentLoop {
  readonly states: readonly SymbolTensor[];
  readonly initial: readonly Tensor[];
  readonly sequences: readonly SymbolTensor[];
  readonly stacked: readonly Tensor[];
  /** Next states, then the values that are stacked for all segments. */
  readonly outputs: readonly Tensor[];
  readonly whole: number;
  readonly reverse: boolean;
}

function overSegments({
  states,
  initial,
  sequences,
  stacked,
  outputs,
  whole,
  reverse,
}: SegmentLoop): readonly Tensor[] {
  const closed = close([...states, ...sequences], outputs);
  return applyScan(
    {
      op: "scan",
      body: closed.program,
      captures: closed.captures.length,
      states: states.length,
      sequences: sequences.length,
      length: whole,
      reverse,
    },
    [...closed.captures, ...initial, ...stacked],
  );
}

const like = (x: SymbolTensor): SymbolTensor => input(x, labelOf(x));

const segmentOf = (x: Tensor, { steps }: Division): SymbolTensor =>
  input({ shape: [steps, ...x.shape.slice(1)], dtype: x.dtype }, "segment");

/** A sequence's whole segments, [whole, steps, ...]. */
function wholeOf(x: Tensor, { steps, whole, rest, reverse }: Division): Tensor {
  const start = reverse ? rest : 0;
  return reshape(sliceAxis(x, 0, start, start + whole * steps), [whole, steps, ...x.shape.slice(1)]);
}

/** A sequence's last steps, [rest, ...]. */
function restOf(x: Tensor, { steps, whole, rest, reverse }: Division): Tensor {
  const start = reverse ? 0 : whole * steps;
  return sliceAxis(x, 0, start, start + rest);
}

/** [time, ...] from [whole, steps, ...] and [rest, ...]. */
function joined(whole: Tensor, rest: Tensor, division: Division): Tensor {
  const flat = reshape(whole, [division.whole * division.steps, ...rest.shape.slice(1)]);
  return concat(division.reverse ? [rest, flat] : [flat, rest], 0);
}
