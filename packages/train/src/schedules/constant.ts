import { scalar } from "@sluice/tensor";
import type { Schedule } from "./schedule.ts";

export const constantSchedule =
  (value: number): Schedule =>
  (step) =>
    scalar(value, step.dtype);
