import { scalar } from "@sluice/tensor";
import type { Schedule } from "./schedule.ts";

/** A schedule with the same value at every step. */
export const constantSchedule =
  (value: number): Schedule =>
  (step) =>
    scalar(value, step.dtype);
