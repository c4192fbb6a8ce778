/** What `apply` of a sequence is given, checked and time first. */
import { and, mapTree, type DType, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell.ts";
import type { Probed } from "../probe.ts";
import { floatOf, initialState, type State } from "../states.ts";
import {
  carryAfterOf,
  extraOver,
  flagsOf,
  lookedAtOf,
  perturbationsOver,
  startsOf,
  stateOf,
  swapTime,
  wantedOf,
  whereMasked,
} from "./arguments.ts";
import type { ApplyOptions } from "./layer.ts";

/** How a sequence runs its cell. */
export interface Running<P extends Tree, S extends State> {
  readonly cell: Cell<P, S>;
  readonly probed: Readonly<Record<"evaluation" | "training", Probed>>;
  /** The state that the output is, in training too. */
  readonly outputState: string | undefined;
  readonly outputs: "all" | "last";
  readonly reverse: boolean;
}

/** Sequences and flags are `[time, batch, ...]`; what is not to be looked at is zero in them. */
export interface Given<S extends State> {
  readonly batch: number;
  readonly time: number;
  readonly float: DType;
  readonly training: boolean;
  readonly buffers: Tree;
  readonly key: Tensor | undefined;
  /** The state before the first step, and the one that resets go back to. */
  readonly start: S;
  readonly resetState: S;
  readonly lengths: Tensor | undefined;
  readonly mask: Tensor | undefined;
  /** The part of the mask that lengths make, where they make one. */
  readonly within: Tensor | undefined;
  readonly reset: Tensor | undefined;
  readonly x: Tensor;
  readonly extra: Readonly<Record<string, Tensor>>;
  readonly perturbations: Readonly<Record<string, Tensor>>;
  /** Whether a trace is asked for. */
  wanted(trace: string): boolean;
  readonly carryAfter: number;
  readonly repeatsMasked: boolean;
  readonly segment: number | undefined;
}

export function readGiven<P extends Tree, S extends State>(
  { cell, probed, outputs, reverse }: Running<P, S>,
  params: P,
  x: Tensor,
  given: ApplyOptions<S>,
): Given<S> {
  const size = { batch: x.shape[0]!, time: x.shape[1]! };
  const float = floatOf(x, params);
  const initial = initialState<S>(cell, size.batch, float, params);
  const { training = false } = given;
  const { mixesRows, observes } = training ? probed.training : probed.evaluation;
  const { lengths, mask, within } = lookedAtOf(cell.name, given, size, { together: mixesRows || observes });
  // What is not to be looked at is replaced before anything reads it: a select behind the step would leave a gradient
  // of 0 NaN.
  const looked = (y: Tensor): Tensor => (mask === undefined ? y : whereMasked(mask, y));
  // A row that is over keeps its state, whatever begins there.
  const whereWithin = (flags: Tensor): Tensor => (within === undefined ? flags : and(within, flags));
  const resetState = stateOf(cell.name, "resetState", given.resetState, initial);
  const wanted = wantedOf(cell.name, given.traces, Object.keys(probed.evaluation.traces));
  return {
    ...size,
    float,
    training,
    buffers: given.buffers ?? {},
    key: given.key,
    resetState,
    lengths,
    mask,
    within,
    reset:
      given.resets === undefined
        ? undefined
        : whereWithin(swapTime(startsOf(flagsOf(cell.name, "resets", given.resets, size), { reverse }))),
    x: looked(swapTime(x)),
    extra: mapTree(extraOver(cell.name, given.extra ?? {}, cell.extra, { ...size, float }), looked),
    perturbations: mapTree(perturbationsOver(cell.name, given.perturbations, cell.state, size), looked),
    start: stateOf(cell.name, "state", given.state, initial),
    wanted,
    carryAfter: carryAfterOf(cell.name, given.carryAfter, size, { reverse }),
    repeatsMasked: outputs === "all" && given.mask !== undefined && given.maskedOutput === "repeat",
    segment: given.segment,
  };
}
