import type { InputSpec } from "../cell/inputs.ts";

/**
 * The extra input of every cell that reads the time since the row's previous step: `elapsed` `[batch, time, 1]`, finite
 * and at least 0. At a row's first step it is the time since the initial state, usually 0.
 *
 * One rule holds for all cells. A masked step is not looked at: it leaves the states as they are, and its elapsed time
 * is not added to that of the next step. The elapsed time of a step is therefore counted from the last step that is not
 * masked. An absolute time (`time` of `phasedLstm`) goes on over masked steps, since every step is given it.
 */
export const elapsedTime = { elapsed: { shape: [1], values: "nonNegative" } } satisfies Record<string, InputSpec>;

/** Whether each variable was observed at the step: 1 or 0. */
export const observationMask = (input: number): { readonly mask: InputSpec } => ({
  mask: { shape: [input], values: "mask" },
});

/** As `elapsed`, for each variable: the time since it was last observed. */
export const timeSinceObservation = (input: number): { readonly delta: InputSpec } => ({
  delta: { shape: [input], values: "nonNegative" },
});
