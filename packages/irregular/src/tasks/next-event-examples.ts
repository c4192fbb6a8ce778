import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { allocate, checkOptions, logF64, nth, shown } from "@sluice/tensor/internal";
import { checkedBatch } from "../ragged/check-batch.ts";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";

/** Options of {@link nextEventExamples}. */
export interface NextEventExamplesOptions {
  /** How many kinds of events there are. The mark of an event is a number from 0 to `marks - 1`. */
  readonly marks: number;
}

/** Examples of a next-event task. A step is an event that has a next one. */
export type NextEventExamples = {
  /** `[batch, time, marks + 1]`: the mark as one of `marks` ones, and the logarithm of the time since the event before. */
  readonly x: ArrayTensor;
  /** `[batch, time, 1]`: the time since the event before, 0 at the first. */
  readonly elapsed: ArrayTensor;
  /** i32 `[batch]`: the number of events that have a next one. */
  readonly lengths: ArrayTensor;
  readonly y: {
    /** i32 `[batch, time]`: the mark of the next event. */
    readonly marks: ArrayTensor;
    /** `[batch, time]`: the logarithm of the time until the next event. */
    readonly logElapsed: ArrayTensor;
  };
};

/**
 * The examples of a next-event task, for `fit`: at every event of a row, predict the mark of the next one and the
 * logarithm of the time until it. `batch` has one value per step, the mark, and elapsed times, which must be positive
 * after the first event of a row; merge events at one time first. The logarithm of the time is 0 in x at the first
 * event. Throws a TensorError for marks and times that are not such.
 */
export function nextEventExamples(given: RaggedBatch, options: NextEventExamplesOptions): NextEventExamples {
  const batch = checkedBatch("nextEventExamples", given);
  const { marks, elapsed } = checked(batch, options);
  const { values, offsets } = batch;
  const rows = offsets.data.length - 1;
  const lengths = Int32Array.from({ length: rows }, (_, row) =>
    Math.max(nth(offsets.data, row + 1) - nth(offsets.data, row) - 1, 0),
  );
  const time = lengths.reduce((most, n) => Math.max(most, n), 0);
  const { dtype } = values;
  const x = allocate(dtype, rows * time * (marks + 1));
  const [since, logElapsed] = [allocate(dtype, rows * time), allocate(dtype, rows * time)];
  const next = new Int32Array(rows * time);
  lengths.forEach((length, row) => {
    for (let step = 0; step < length; step++) {
      const [from, at] = [nth(offsets.data, row) + step, row * time + step];
      const [now, after] = [step === 0 ? 0 : nth(elapsed.data, from), nth(elapsed.data, from + 1)];
      x[at * (marks + 1) + nth(values.data, from)] = 1;
      x[at * (marks + 1) + marks] = step === 0 ? 0 : logF64(now);
      since[at] = now;
      next[at] = nth(values.data, from + 1);
      logElapsed[at] = logF64(after);
    }
  });
  return {
    x: tensor(x, [rows, time, marks + 1], { dtype }),
    elapsed: tensor(since, [rows, time, 1], { dtype }),
    lengths: tensor(lengths),
    y: {
      marks: tensor(next, [rows, time]),
      logElapsed: tensor(logElapsed, [rows, time], { dtype }),
    },
  };
}

function checked(
  batch: RaggedBatch,
  options: NextEventExamplesOptions,
): { readonly marks: number; readonly elapsed: ArrayTensor } {
  const name = "nextEventExamples";
  checkOptions(name, options, ["marks"], { classes: "marks", kinds: "marks" });
  const { marks } = options;
  const { values, offsets, elapsed } = batch;
  if (!Number.isInteger(marks) || marks < 1)
    throw new TensorError(`${name}: marks must be an integer >= 1, got ${shown(marks)}`);
  if (values.shape[1] !== 1 || elapsed === undefined)
    throw new TensorError(`${name}: the batch must have one value per step, the mark, and elapsed times`);
  const place = (at: number): string => {
    const row = offsets.data.findLastIndex((offset) => offset <= at);
    return `at event ${at - nth(offsets.data, row)} of row ${row}`;
  };
  const strange = values.data.findIndex((mark) => !Number.isInteger(mark) || mark < 0 || mark >= marks);
  if (strange >= 0)
    throw new TensorError(
      `${name}: a mark must be an integer from 0 to ${marks - 1}, got ${values.data[strange]} ${place(strange)}`,
    );
  const firsts = new Set(offsets.data);
  const still = elapsed.data.findIndex((t, at) => !firsts.has(at) && !(t > 0));
  if (still >= 0)
    throw new TensorError(
      `${name}: the time between two events must be above 0, got ${elapsed.data[still]} ${place(still)}; merge events at one time`,
    );
  return { marks, elapsed };
}
