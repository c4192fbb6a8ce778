import { and, mapTree, type Tensor, type Tree } from "@sluice/tensor";
import { batchAndTime, swapTime } from "../cell/axes.ts";
import type { Cell } from "../cell/cell.ts";
import type { OverTime } from "../cell/over-time.ts";
import type { Probed } from "../cell/probe.ts";
import { floatOf, initialState, statesOf, type State } from "../cell/states.ts";
import { carryAfterOf, wantedOf } from "./apply-options.ts";
import { checkExtraValues } from "./extra-values.ts";
import { extraOver, perturbationsOver } from "./given-inputs.ts";
import { stateOf } from "./given-states.ts";
import type { ApplyOptions } from "./layer.ts";
import { flagsOf, lookedAtOf, startsOf, whereMasked } from "./looked-at.ts";

/** How a sequence runs its cell. */
export interface Running<P extends Tree, S extends State> {
  readonly cell: Cell<P, S>;
  readonly probed: Readonly<Record<"evaluation" | "training", Probed>>;
  /** The name of the state that is the output, in training too. */
  readonly outputState: string | undefined;
  readonly outputs: "all" | "last";
  readonly reverse: boolean;
}

/** The arguments of a sequence's `apply`, checked and moved to time first. */
export function readGiven<P extends Tree, S extends State>(
  { cell, probed, outputs, reverse }: Running<P, S>,
  params: P,
  x: Tensor,
  given: ApplyOptions<S>,
): OverTime<S> {
  const size = batchAndTime(x);
  const float = floatOf(x, params);
  const initial = initialState<S>(cell, size.batch, float, params);
  const { training = false } = given;
  const { mixesRows, observes } = training ? probed.training : probed.evaluation;
  const { lengths, mask, within } = lookedAtOf(cell.name, given, size, { together: mixesRows || observes });
  // Values of steps that are not taken are replaced before anything reads them: with a select after the step, a
  // gradient of 0 times NaN would still be NaN.
  const looked = (y: Tensor): Tensor => (mask === undefined ? y : whereMasked(mask, y));
  // A row that has ended keeps its state, even if a sequence is marked to begin there.
  const whereWithin = (flags: Tensor): Tensor => (within === undefined ? flags : and(within, flags));
  const resetState = stateOf(cell.name, "resetState", given.resetState, initial);
  const extra = mapTree(extraOver(cell.name, given.extra ?? {}, cell.extra, { ...size, float }), looked);
  checkExtraValues(cell.name, cell.extra, extra, (place) => {
    const [step, row] = [Math.floor(place / size.batch), place % size.batch];
    const isLookedAt = lengths === undefined || (lengths.kind === "array" && step < (lengths.data[row] ?? 0));
    return isLookedAt ? `in row ${row}, step ${step}` : undefined;
  });
  const wanted = wantedOf(cell.name, given.traces, {
    traces: Object.keys(probed.evaluation.traces),
    states: statesOf(cell.state).map(({ path }) => path),
  });
  return {
    ...size,
    features: probed.evaluation.features,
    float,
    outputs,
    reverse,
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
    extra,
    perturbations: mapTree(perturbationsOver(cell.name, given.perturbations, cell.state, size), looked),
    start: stateOf(cell.name, "state", given.state, initial),
    ...wanted,
    intervene: given.intervene,
    carryAfter: carryAfterOf(cell.name, given.carryAfter, size, { reverse }),
    repeatsMasked: outputs === "all" && given.mask !== undefined && given.maskedOutput === "repeat",
    segment: given.segment,
  };
}
