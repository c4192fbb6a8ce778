import type { TrialContext } from "@sluice/study";
import { key, valuesOf, type Backend, type Tree } from "@sluice/tensor";
import { adam, batches, crossEntropy, trainer, type Batches, type Weighted } from "@sluice/train";
import type { Model } from "@sluice/trials";
import type { Events } from "./model.ts";
import { streamBatches, streams as streamsOf, type Streams } from "./streams.ts";

/** The ways to batch an epoch's streams, by the names of the lines in the figures. */
export const inOrder = "in any order";
export const longestFirst = "longest first";
export const likeLengths = "similar lengths together";

/** The series that {@link recordPaddingCost} writes. */
export const perEvent = "padding-per-event";
export const perEpoch = "padding-per-epoch";

/**
 * How often each batch is timed; the epochs take turns. The shortest time is used, because other work on the machine
 * can only make it longer.
 */
const rounds = 9;

export interface PaddingOptions<P extends Tree> {
  readonly model: Model<P, Events>;
  readonly backend: Backend;
  /** The number of steps to which every stream is padded. */
  readonly steps: number;
  /** The number of streams per epoch. */
  readonly streams: number;
  /** Streams per batch. */
  readonly batch: number;
}

/**
 * Measures what padding costs: the time of the training steps of one epoch, per real event. The streams have 2 to
 * `steps - 1` bits, all padded to `steps`. One compiled program runs every batch and skips the steps after the last row
 * that is still running. The order of the streams therefore matters: unsorted, longest first within a batch, or batched
 * by similar length.
 *
 * The times are those of this machine at that moment. They appear in figures, the log and the trial's timings. No
 * metric depends on them.
 */
export async function recordPaddingCost<P extends Tree>(
  context: Pick<TrialContext, "series" | "log" | "signal">,
  { model, backend, steps, streams, batch: size }: PaddingOptions<P>,
): Promise<{ readonly [name: string]: number }> {
  const { train } = streamsOf({ longest: steps - 1, steps, train: streams, validation: 0, test: 0 });
  const epochs = [
    timedEpoch(inOrder, batches(train, { size })),
    timedEpoch(longestFirst, streamBatches(train, { size })),
    timedEpoch(likeLengths, streamBatches(train, { size, byLength: true })),
  ];
  const compilation = await timeSteps(epochs, model, backend, context.signal);
  const shortest = epochs.map((epoch) => ({
    name: epoch.name,
    events: epoch.batches.map(({ events }) => events),
    seconds: epoch.batches.map(({ seconds }) => Math.min(...seconds)),
  }));
  drawCosts(context, shortest);
  context.log(`one program for every batch, compiled in ${compilation.toFixed(1)} s`);
  const timings: Record<string, number> = { "compilation for the cost of padding": compilation };
  for (const { name, events, seconds } of shortest) {
    const [epoch, all] = [runningSums(seconds).at(-1)!, runningSums(events).at(-1)!];
    context.log(`${name}: ${((1e6 * epoch) / all).toFixed(2)} µs per event, ${all} events`);
    timings[`epoch, ${name}`] = epoch;
  }
  return timings;
}

/** The batches of an epoch, each with its real events, and room for the seconds that its step takes. */
function timedEpoch(name: string, cut: Batches<Streams>) {
  return {
    name,
    batches: Array.from(cut.epoch(0), ({ batch: { x, elapsed, lengths, y, weight } }) => {
      const events = Array.from(valuesOf(lengths), (length, row) => length * valuesOf(weight)[row]!).reduce(
        (sum, n) => sum + n,
        0,
      );
      return { batch: { x, elapsed, lengths, y, weight }, events, seconds: [] as number[] };
    }),
  };
}

/** Adds the seconds of a training step of every batch, in several rounds. Returns the seconds of compilation. */
async function timeSteps<P extends Tree>(
  epochs: readonly ReturnType<typeof timedEpoch>[],
  model: Model<P, Events>,
  backend: Backend,
  signal: TrialContext["signal"],
): Promise<number> {
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
      // Handles Ctrl-C.
      await new Promise((turn) => setTimeout(turn, 0));
      signal.throwIfAborted();
    }
  }
  await training.dispose();
  return compilation;
}

/** An epoch in numbers, one of each batch. */
interface EpochCost {
  readonly name: string;
  readonly events: readonly number[];
  readonly seconds: readonly number[];
}

function drawCosts(context: Pick<TrialContext, "series">, epochs: readonly EpochCost[]): void {
  const x = {
    label: "batch within the epoch (sorted runs: longest first)",
    values: Array.from({ length: epochs[0]!.events.length }, (_, i) => i + 1),
  };
  context.series(perEvent, {
    title: "Cost of padding: training time per real event",
    x,
    y: { label: "time per real event", unit: "µs" },
    lines: Object.fromEntries(
      epochs.map(({ name, events, seconds }) => [name, seconds.map((s, i) => (1e6 * s) / events[i]!)]),
    ),
  });
  context.series(perEpoch, {
    title: "Cost of padding: training time of an epoch",
    x,
    y: { label: "time since the epoch began", unit: "ms" },
    lines: Object.fromEntries(epochs.map(({ name, seconds }) => [name, runningSums(seconds).map((s) => 1000 * s)])),
  });
}

function runningSums(values: readonly number[]): number[] {
  let total = 0;
  return values.map((value) => (total += value));
}
