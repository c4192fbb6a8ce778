import { extremes, mean } from "../statistics/summary.ts";
import type { Progress } from "../trial.ts";

/** Seconds, with the lowest and the highest that was measured. */
export interface Seconds {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** The seconds of several measurements. */
export function secondsOf(measured: readonly number[]): Seconds {
  return { mean: mean(measured), ...extremes(measured) };
}

/** A report of progress, and the seconds since the trial's process was started. */
export interface TimedProgress extends Pick<Progress, "step" | "steps"> {
  readonly at: number;
}

/** In how many parts a probe is divided, for its spread. */
const PARTS = 4;

/**
 * What a whole trial takes, from its first steps: the time before the first step, and for every step the time that those
 * of the probe took. The lowest and highest are those of the fastest and slowest quarter of the probe. What a trial does
 * after its last step is not in it.
 *
 * @returns `null` if there are not two different steps.
 */
export function extrapolated(progress: readonly TimedProgress[]): Seconds | null {
  const [first, last] = [progress[0], progress.at(-1)];
  if (first === undefined || last === undefined || last.step <= first.step) return null;
  const pace = paceBetween(first, last);
  const before = Math.max(0, first.at - pace * first.step);
  const paces = [...partsOf(progress), pace];
  const { low, high } = extremes(paces);
  return { mean: before + pace * last.steps, low: before + low * last.steps, high: before + high * last.steps };
}

/** Seconds per step in parts of about the same length. */
function partsOf(progress: readonly TimedProgress[]): readonly number[] {
  const marks = Array.from({ length: PARTS + 1 }, (_, part) =>
    progress.at(Math.floor((part * (progress.length - 1)) / PARTS)),
  );
  return marks.slice(1).flatMap((to, part) => {
    const from = marks[part];
    return from === undefined || to === undefined || to.step <= from.step ? [] : [paceBetween(from, to)];
  });
}

const paceBetween = (from: TimedProgress, to: TimedProgress): number => (to.at - from.at) / (to.step - from.step);
