/** Layers that read a limited number of earlier steps, and have these as their state. */
import { add, and, expand, full, iota, less, mapTree, reshape, select, type Tensor } from "@sluice/tensor";
import { at, zeroBeyond, zerosArray } from "@sluice/tensor/internal";
import { batchAndTime, swapTime } from "../cell/axes.ts";
import { intervened, type Intervene } from "../cell/intervene.ts";
import { traceOfState, type Applied } from "../cell/over-time.ts";
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
  /**
   * The output `[batch, time, features]`, from the input and from `read` `[batch, time, offsets, width]`. What it traces,
   * `[batch, time, ...]`, it passes to `change` by name, and goes on with the result.
   */
  output(x: Tensor, read: Tensor, change: Intervene): Read;
  /** Whether the past is requested as a trace. */
  readonly tracesPast: boolean;
}

/** What is read at each step. */
type Read = {
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
  const { intervene } = options;
  const { output, traces, ...states } =
    by === undefined && intervene === undefined ? atOnce(reading, run) : stepByStep(reading, run, { by, intervene });
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

function atOnce(
  reading: Reading,
  { x, start, resetState, carryAfter, ...steps }: Run,
  change: Intervene = (_, value) => value,
): Ran {
  const now = reading.remembered(x);
  const history = historyOf({ now, past: start.past, resetPast: resetState.past, ...steps });
  const state = { past: history.after(batchAndTime(x).time) };
  const { output, traces } = reading.output(x, history.before(reading.offsets), change);
  const left = Array.from({ length: reading.span }, (_, i) => reading.span - 1 - i);
  return {
    output,
    traces: { ...traces, ...(reading.tracesPast && { [traceOfState("past")]: history.before(left) }) },
    state,
    carry: carryAfter === batchAndTime(x).time ? state : { past: history.after(carryAfter) },
  };
}

/** What a loop is for. */
interface Changes {
  /** Added to each new past, `[time, batch, span, width]`. */
  readonly by: Tensor | undefined;
  readonly intervene: Intervene | undefined;
}

/** A loop, because a past that is changed is not what is remembered of the steps. */
function stepByStep(reading: Reading, run: Run, { by, intervene }: Changes): Ran {
  const { x, start, resetState, lengths, mask, resets } = run;
  const { batch, time } = batchAndTime(x);
  const within = lengths && less(iota([batch, time], { axis: 1 }), reshape(lengths, [batch, 1]));
  const taken = mask && within ? and(mask, within) : (mask ?? within ?? full([batch, time], 1, "bool"));
  const begins = resets && within ? and(resets, within) : resets;
  const slices: Slices = {
    x: swapTime(x),
    taken: swapTime(taken),
    ...(by && { by }),
    ...(begins && { begins: swapTime(begins) }),
  };
  const { state, carry, output } = carriedScan(
    (before: PastState, slice: Slices) => {
      const isTaken = oneStep(slice.taken);
      const now = { x: oneStep(slice.x), mask: isTaken, resets: slice.begins && oneStep(slice.begins) };
      const next = atOnce(
        { ...reading, tracesPast: false },
        { ...now, start: before, resetState, carryAfter: 1 },
        (name, value) => oneStep(at(reading.name, () => intervened(intervene, name, ofStep(value)))),
      );
      const changed = at(reading.name, () => intervened(intervene, traceOfState("past"), next.state.past));
      const after = slice.by === undefined ? changed : add(changed, slice.by);
      const past = select(reshape(isTaken, [batch, 1, 1]), after, next.state.past);
      const traces = { ...mapTree(next.traces, ofStep), ...(reading.tracesPast && { [traceOfState("past")]: past }) };
      return { state: { past }, output: { output: ofStep(next.output), traces } };
    },
    start,
    slices,
    { length: time, carryAfter: run.carryAfter },
  );
  return { state, carry, output: swapTime(output.output), traces: mapTree(output.traces, swapTime) };
}

type Slices = { readonly x: Tensor; readonly taken: Tensor; readonly by?: Tensor; readonly begins?: Tensor };

/** `[batch, ...]` as a sequence of one step. */
const oneStep = (x: Tensor): Tensor => expand(x, 1);

/** The only step of a sequence, `[batch, ...]`. */
const ofStep = (x: Tensor): Tensor => reshape(x, [x.shape[0] ?? 0, ...x.shape.slice(2)]);
