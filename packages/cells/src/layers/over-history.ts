/** Layers that read a limited number of earlier steps, and have these as their state. */
import { add, and, full, iota, less, mapTree, reshape, select, type Tensor, type Tree } from "@sluice/tensor";
import { zeroBeyond, zerosArray } from "@sluice/tensor/internal";
import { batchAndTime, swapTime } from "../cell/axes.ts";
import type { Applied } from "../cell/over-time.ts";
import { carryAfterOf } from "./apply-options.ts";
import { carriedScan } from "./carried-scan.ts";
import { perturbationsOver } from "./given-inputs.ts";
import { stateOf } from "./given-states.ts";
import { historyOf } from "./history.ts";
import type { ApplyOptions } from "./layer.ts";
import { flagsOf, lookedAt, stepsOf, whereMasked } from "./looked-at.ts";
import { repeatMasked } from "./repeat-masked.ts";

/** `past` `[batch, steps, width]`: what the layer remembers of the last steps, oldest first. */
export type PastState = { readonly past: Tensor };

/** A layer's equations over the steps that it reads. */
export interface Reading {
  readonly name: string;
  /** How many earlier steps are remembered. */
  readonly span: number;
  /** The width of what is remembered of a step. */
  readonly width: number;
  /** Which steps are read, in steps before the present one, 0 to `span`. */
  readonly offsets: readonly number[];
  /** What is remembered of each step, `[batch, time, width]`. */
  remembered(x: Tensor): Tensor;
  /** The output `[batch, time, features]`, from the input and from `read` `[batch, time, offsets, width]`. */
  output(x: Tensor, read: Tensor): Read;
}

/** What is read at each step. */
export type Read = {
  readonly output: Tensor;
  /** `[batch, time, ...]` by name. */
  readonly traces: Readonly<Record<string, Tensor>>;
};

/** The arguments of one run, checked. */
interface Run {
  readonly x: Tensor;
  readonly start: PastState;
  readonly resetState: PastState;
  readonly lengths?: Tensor | undefined;
  readonly mask?: Tensor | undefined;
  readonly resets?: Tensor | undefined;
  readonly carryAfter: number;
}

/** Applies the equations to a whole batch of sequences, with the rules of `sequence`. */
export function overHistory(reading: Reading, given: Tensor, options: ApplyOptions<PastState>): Applied<PastState> {
  const { name, span, width } = reading;
  const size = batchAndTime(given);
  const initial = { past: zerosArray([size.batch, span, width], given.dtype) };
  const lengths = stepsOf(name, options, size);
  const run: Run = {
    x: lookedAt(name, given, options),
    start: stateOf(name, "state", options.state, initial),
    resetState: stateOf(name, "resetState", options.resetState, initial),
    lengths,
    mask: options.mask && flagsOf(name, "mask", options.mask, size),
    resets: options.resets && flagsOf(name, "resets", options.resets, size),
    carryAfter: carryAfterOf(name, options.carryAfter, size, { reverse: false }),
  };
  const by = perturbationsOver(name, options.perturbations, { past: [span, width] }, size)["past"];
  const { output, traces, ...states } = by === undefined ? atOnce(reading, run) : stepByStep(reading, run, by);
  const seen = (y: Tensor): Tensor => {
    const within = lengths === undefined ? y : zeroBeyond(y, lengths, { batch: 0, time: 1 });
    return run.mask === undefined ? within : whereMasked(run.mask, within);
  };
  return {
    output: repeatMasked(name, seen(output), options),
    ...states,
    buffers: options.buffers ?? {},
    traces: mapTree(traces, seen),
  };
}

type Ran = Read & Pick<Applied<PastState>, "state" | "carry">;

function atOnce(reading: Reading, { x, start, resetState, carryAfter, ...steps }: Run): Ran {
  const now = reading.remembered(x);
  const history = historyOf({ now, past: start.past, resetPast: resetState.past, ...steps });
  const state = { past: history.after(batchAndTime(x).time) };
  return {
    ...reading.output(x, history.before(reading.offsets)),
    state,
    carry: carryAfter === batchAndTime(x).time ? state : { past: history.after(carryAfter) },
  };
}

/** A loop, because a perturbed past is not what is remembered of the steps. */
function stepByStep(reading: Reading, run: Run, by: Tensor): Ran {
  const { x, start, resetState, lengths, mask, resets } = run;
  const { batch, time } = batchAndTime(x);
  const within = lengths && less(iota([batch, time], { axis: 1 }), reshape(lengths, [batch, 1]));
  const taken = mask && within ? and(mask, within) : (mask ?? within ?? full([batch, time], 1, "bool"));
  const begins = resets && within ? and(resets, within) : resets;
  const slices = { x: swapTime(x), taken: swapTime(taken), by, ...(begins && { begins: swapTime(begins) }) };
  const one = (value: Tensor): Tensor => reshape(value, [batch, 1, ...value.shape.slice(1)]);
  const { state, carry, output } = carriedScan(
    (state: PastState, slice: typeof slices): { state: PastState; output: Tree & Read } => {
      const [isTaken, isBegun] = [one(slice.taken), slice.begins && one(slice.begins)];
      const next = atOnce(reading, {
        x: one(slice.x),
        start: state,
        resetState,
        mask: isTaken,
        resets: isBegun,
        carryAfter: 1,
      });
      const moved = select(reshape(isTaken, [batch, 1, 1]), slice.by, 0);
      const flat = (value: Tensor): Tensor => reshape(value, [batch, ...value.shape.slice(2)]);
      return {
        state: { past: add(next.state.past, moved) },
        output: { output: flat(next.output), traces: mapTree(next.traces, flat) },
      };
    },
    start,
    slices,
    { length: time, carryAfter: run.carryAfter },
  );
  return { state, carry, output: swapTime(output.output), traces: mapTree(output.traces, swapTime) };
}
