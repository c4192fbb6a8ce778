import { adding, type Adding } from "@sluice/data";
import { key, keyFor } from "@sluice/tensor";
import type { Settings } from "./settings.ts";

/** Mean squared error of always answering 1: the variance of the sum of two values uniform on [0, 1). */
export const BASELINE = 1 / 6;

const HELD_OUT = 128;

/** The batch of a training step, with its own random draws: x `[batch, time, 2]`, y `[batch, 1]`. */
export function batchAt({ time, batch, seed }: Settings, step: number): Adding {
  return adding({ time, train: batch, validation: 0, test: 0, key: keyFor(key(seed), `step ${step}`) }).train;
}

/** Held-out sequences. No training batch contains them. */
export function heldOut({ time, seed }: Settings): Adding {
  return adding({ time, train: 0, validation: HELD_OUT, test: 0, key: keyFor(key(seed), "held out") }).validation;
}
