import { checkpoint } from "../gradient/checkpoint.ts";
import { zip } from "../lists.ts";
import type { ScanOperation } from "../primitives/operation.ts";
import { concat, reshape, sliceAxis } from "../primitives/layout.ts";
import { close } from "../program/close.ts";
import { input } from "../program/program.ts";
import type { Tensor } from "../tensor.ts";
import { split } from "./parts.ts";
import { applyScan } from "./primitive.ts";

/**
 * The same loop in segments of `steps` steps: a loop over segments, whose step is a checkpointed loop over the steps of
 * one segment. For the gradient only the states between segments are kept, and the steps of a segment are computed
 * again (Chen et al. 2016, Gruslys et al. 2016).
 */
export function segmentedScan(operation: ScanOperation, inputs: readonly Tensor[], steps: number): readonly Tensor[] {
  const { length, reverse } = operation;
  const { captures, states, sequences } = split(operation, inputs);
  const whole = Math.floor(length / steps);
  const rest = length - whole * steps;
  if (whole === 0 || steps === length) return applyScan(operation, inputs);

  // Positions within a segment are not positions in the sequence, so the node makes no promise about lengths. The step
  // keeps it anyway.
  const { lengths: _, ...plain } = operation;
  const run = (count: number) =>
    checkpoint((from: readonly Tensor[], xs: readonly Tensor[]): readonly Tensor[] =>
      applyScan({ ...plain, length: count }, [...captures, ...from, ...xs]),
    );

  const overSegments = (from: readonly Tensor[]): readonly Tensor[] => {
    const stateInputs = from.map((x) => input(x, "state"));
    const sliceInputs = sequences.map((x) => input({ shape: [steps, ...x.shape.slice(1)], dtype: x.dtype }, "segment"));
    const closed = close([...stateInputs, ...sliceInputs], run(steps)(stateInputs, sliceInputs));
    const results = applyScan(
      {
        op: "scan",
        body: closed.program,
        captures: closed.captures.length,
        states: from.length,
        sequences: sequences.length,
        length: whole,
        reverse,
      },
      [
        ...closed.captures,
        ...from,
        ...sequences.map((x) => reshape(sliceAxis(x, 0, 0, whole * steps), [whole, steps, ...x.shape.slice(1)])),
      ],
    );
    return results.map((y, i) => (i < from.length ? y : reshape(y, [whole * steps, ...y.shape.slice(2)])));
  };
  const overRest = (from: readonly Tensor[]): readonly Tensor[] =>
    run(rest)(
      from,
      sequences.map((x) => sliceAxis(x, 0, whole * steps, length)),
    );

  if (rest === 0) return overSegments(states);
  const [first, second] = reverse ? [overRest, overSegments] : [overSegments, overRest];
  const before = first(states);
  const after = second(before.slice(0, states.length));
  return zip(before, after).map(([x, y], i) => (i < states.length ? y : concat(reverse ? [y, x] : [x, y], 0)));
}
