import { tensor, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { UeaSeries, UeaSet } from "./parse.ts";

/** Examples of {@link ueaExamples}. */
export type UeaExamples = {
  /** The values, `[examples, time, channels]`; zeros where a value is missing, and beyond the length. */
  readonly x: Tensor;
  /** Which values are there, bool `[examples, time, channels]`. */
  readonly observed: Tensor;
  /** Steps of each series, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The class, i32 `[examples]`, or the number to predict, f32 `[examples, 1]`. */
  readonly y: Tensor;
};

/** Options of {@link ueaExamples}. */
export interface UeaExamplesOptions {
  /** The time axis of the tensors. Default: the steps of the longest series. Give both splits of a set the same. */
  readonly time?: number;
}

/**
 * The series of a `.ts` file, from {@link parseUea}, as tensors of one shape. Throws a TensorError if the file has time
 * stamps (the channels then have times of their own), neither classes nor targets, or a series longer than `time`.
 */
export function ueaExamples(set: UeaSet, options: UeaExamplesOptions = {}): UeaExamples {
  checkOptions("ueaExamples", options, ["time"], { steps: "time", length: "time" });
  const series = seriesOf(set);
  const longest = series.reduce((steps, { channels: [first] }) => Math.max(steps, first?.length ?? 0), 0);
  const time = checkCount("ueaExamples", "time", options.time ?? longest, 1);
  if (longest > time) throw new TensorError(`ueaExamples: a series has ${longest} steps, but time is ${time}`);
  const width = series[0]?.channels.length ?? 0;
  return { ...paddedSeries(series, time, width), y: answersOf(series) };
}

/** Series as tensors `[series, time, width]`; of any number, none too. */
export function paddedSeries(series: readonly UeaSeries[], time: number, width: number): Omit<UeaExamples, "y"> {
  const shape = [series.length, time, width];
  const x = new Float32Array(series.length * time * width);
  const observed = new Int32Array(x.length);
  series.forEach(({ channels }, row) =>
    channels.forEach((channel, c) =>
      channel.forEach((value, t) => {
        if (Number.isNaN(value)) return;
        const at = (row * time + t) * width + c;
        [x[at], observed[at]] = [value, 1];
      }),
    ),
  );
  return {
    x: tensor(x, shape),
    observed: tensor(observed, shape, { dtype: "bool" }),
    lengths: tensor(Int32Array.from(series, ({ channels: [first] }) => first?.length ?? 0)),
  };
}

function seriesOf(set: UeaSet): readonly UeaSeries[] {
  const given: Partial<UeaSet> | null = set;
  const isOne = (one?: Partial<UeaSeries>): boolean => Array.isArray(one?.channels);
  if (typeof given !== "object" || given === null || !Array.isArray(given.series) || !given.series.every(isOne))
    throw new TensorError(`ueaExamples: expected the result of parseUea, got ${shown(set)}`);
  const { series } = set;
  if (series.length === 0) throw new TensorError("ueaExamples: there are no series");
  if (series.some(({ times }) => times !== undefined))
    throw new TensorError(
      "ueaExamples: the series have time stamps, and each channel has times of its own; use channels and times of each series instead",
    );
  return series;
}

function answersOf(series: readonly UeaSeries[]): Tensor {
  const answer = ({ label, target }: UeaSeries): number => {
    const found = label ?? target;
    if (found === undefined) throw new TensorError("ueaExamples: the series have neither classes nor targets");
    return found;
  };
  return series[0]?.label === undefined
    ? tensor(Float32Array.from(series, answer), [series.length, 1])
    : tensor(Int32Array.from(series, answer));
}
