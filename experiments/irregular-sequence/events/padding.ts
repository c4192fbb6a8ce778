import type { TrialContext } from "@sluice/study";
import { key, valuesOf, type Backend, type Tree } from "@sluice/tensor";
import { adam, batches, crossEntropy, trainer, type Weighted } from "@sluice/train";
import type { Model } from "@sluice/trials";
import type { Events } from "./model.ts";
import { streamBatches, streams as streamsOf, type Streams } from "./streams.ts";

/** The ways to put an epoch's streams into batches, as the lines of the figures are called. */
export const inOrder = "in any order";
export const longestFirst = "longest first";
export const likeLengths = "like lengths together";

/** Series that {@link recordPaddingCost} writes. */
export const perEvent = "padding-per-event";
export const perEpoch = "padding-per-epoch";

/**
 * How often each batch is timed, the epochs in turns. The shortest time counts: what else the machine does only adds to
 * it.
 */
const rounds = 9;

export interface PaddingOptions<P extends Tree> {
  readonly model: Model<P, Events>;
  readonly backend: Backend;
  /** Steps that every stream is padded to. */
  readonly steps: number;
  /** How many streams an epoch has. */
  readonly streams: number;
  /** Streams a batch. */
  readonly batch: number;
}

/**
 * What padding costs: the time of the training steps of one epoch of streams of 2 to `steps - 1` bits, all padded to
 * `steps`, for an event that is really there. One program runs every batch, and leaves out what lies behind the last
 * row that still runs. So it matters how the streams stand: in any order, the longest of a batch first, or streams of
 * like length together.
 *
 * Times are of this machine at that moment. They go into figures, the log and the trial's timings, and no metric
 * depends on them.
 */
export async function recordPaddingCost<P extends Tree>(
  context: Pick<TrialContext, "series" | "log" | "signal">,
  { model, backend, steps, streams, batch: size }: PaddingOptions<P>,
): Promise<{ readonly [name: string]: number }> {
  const { train } = streamsOf({ longest: steps - 1, steps, train: streams, validation: 0, test: 0 });
  const cuts = {
    [inOrder]: batches(train, { size }),
    [longestFirst]: streamBatches(train, { size }),
    [likeLengths]: streamBatches(train, { size, byLength: true }),
  };
  const epochs = Object.entries(cuts).map(([name, cut]) => ({
    name,
    batches: Array.from(cut.epoch(0), ({ batch: { x, elapsed, lengths, y, weight } }) => {
      const events = Array.from(valuesOf(lengths), (length, row) => length * valuesOf(weight)[row]!).reduce(
        (sum, n) => sum + n,
        0,
      );
      return { batch: { x, elapsed, lengths, y, weight }, events, seconds: [] as number[] };
    }),
  }));

  const started = performance.now();
  const training = await trainer({
    loss: (weights: P, given: Weighted<Streams>) => ({
      loss: crossEntropy(model.apply(weights, given).output, given.y, { mask: given.weight }),
    }),
    optimizer: adam({ learningRate: 1e-3 }),
    params: model.init(key(0)),
    key: key(0),
    batch: epochs[0]!.batches[0]!.batch,
    backend,
  });
  const compilation = (performance.now() - started) / 1000;
  for (let round = 0; round < rounds; round++) {
    for (const epoch of epochs) {
      for (const { batch, seconds } of epoch.batches) {
        const begun = performance.now();
        await training.run(batch);
        seconds.push((performance.now() - begun) / 1000);
      }
      // Lets Ctrl-C in.
      await new Promise((turn) => setTimeout(turn, 0));
      context.signal.throwIfAborted();
    }
  }

  await training.dispose();

  const x = {
    label: "batch within the epoch (sorted runs: longest first)",
    values: Array.from({ length: cuts[inOrder].stepsIn(1) }, (_, i) => i + 1),
  };
  const shortest = epochs.map((epoch) => ({
    name: epoch.name,
    events: epoch.batches.map(({ events }) => events),
    seconds: epoch.batches.map(({ seconds }) => Math.min(...seconds)),
  }));
  context.series(perEvent, {
    title: "What padding costs: training time for a real event",
    x,
    y: { label: "time per real event", unit: "µs" },
    lines: Object.fromEntries(
      shortest.map(({ name, events, seconds }) => [name, seconds.map((s, i) => (1e6 * s) / events[i]!)]),
    ),
  });
  context.series(perEpoch, {
    title: "What padding costs: training time of an epoch",
    x,
    y: { label: "time since the epoch began", unit: "ms" },
    lines: Object.fromEntries(shortest.map(({ name, seconds }) => [name, runningSums(seconds).map((s) => 1000 * s)])),
  });
  context.log(`one program for every batch, compiled in ${compilation.toFixed(1)} s`);
  const timings: Record<string, number> = { "compilation for the cost of padding": compilation };
  for (const { name, events, seconds } of shortest) {
    const [epoch, all] = [runningSums(seconds).at(-1)!, runningSums(events).at(-1)!];
    context.log(`${name}: ${((1e6 * epoch) / all).toFixed(2)} µs an event, ${all} events`);
    timings[`epoch, ${name}`] = epoch;
  }
  return timings;
}

function runningSums(values: readonly number[]): number[] {
  let total = 0;
  return values.map((value) => (total += value));
}
