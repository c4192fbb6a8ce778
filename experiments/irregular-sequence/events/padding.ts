import { batchesByLength, lengthsOf, takeSequences, toPadded } from "@sluice/irregular";
import type { TrialContext } from "@sluice/study";
import { key, TensorError, type Backend, type Tree } from "@sluice/tensor";
import { adam, crossEntropy, rowsOf, trainer, type Trainer } from "@sluice/train";
import type { Classifier } from "../../shared/classifier.ts";
import type { Events } from "./model.ts";
import { streams as streamsOf, unpadded, type Streams } from "./streams.ts";

/** The two ways to cut an epoch into batches, as the lines of the figures are called. */
export const sameLength = "all padded to one length";
export const likeLengths = "like lengths together";

/** Series that {@link recordPaddingCost} writes. */
export const perEvent = "padding-per-event";
export const perEpoch = "padding-per-epoch";

/** Batches of like lengths are padded to a multiple of so many steps, so that few programs are compiled. */
const multiple = 4;
/** How often each batch is timed, the two epochs in turns. The shortest time counts: what else the machine does only adds to it. */
const rounds = 9;

export interface PaddingOptions<P extends Tree> {
  readonly model: Classifier<P, Events>;
  readonly backend: Backend;
  /** Steps that every stream is padded to. */
  readonly steps: number;
  /** How many streams an epoch has. */
  readonly streams: number;
  /** Streams a batch. */
  readonly batch: number;
}

/**
 * What padding costs: the time of the training steps of one epoch of streams of 2 to `steps - 1` bits, for an event that is really there. Either every stream is padded to
 * `steps`; or streams of like length go together and are padded to what the longest of them needs, for which each such length takes a program of its own.
 *
 * Times are of this machine at that moment. They go into figures, the log and the trial's timings, and no metric depends on them.
 */
export async function recordPaddingCost<P extends Tree>(
  context: Pick<TrialContext, "series" | "log" | "signal">,
  { model, backend, steps, streams, batch: size }: PaddingOptions<P>,
): Promise<{ readonly [name: string]: number }> {
  const { train } = streamsOf({ longest: steps - 1, steps, train: streams, validation: 0, test: 0 });
  const ragged = unpadded(train);
  const lengths = lengthsOf(ragged).data;
  const inOrder = Array.from({ length: Math.ceil(streams / size) }, (_, i) => Int32Array.from({ length: Math.min(size, streams - i * size) }, (_, row) => i * size + row));

  const cut = (numbers: Int32Array, to: number): Streams => {
    const { x, elapsed, lengths: own } = toPadded(takeSequences(ragged, numbers), { steps: to });
    if (elapsed === undefined) throw new TensorError("recordPaddingCost: the streams have lost their times");
    return { x, elapsed, lengths: own, y: rowsOf({ y: train.y }, numbers).y };
  };
  const longest = (numbers: Int32Array): number => Math.max(...Array.from(numbers, (i) => lengths[i]!));
  const eventsOf = (numbers: Int32Array): number => numbers.reduce((total, i) => total + lengths[i]!, 0);
  const laidOut = {
    [sameLength]: inOrder.map((numbers) => ({ events: eventsOf(numbers), batch: cut(numbers, steps) })),
    [likeLengths]: batchesByLength(ragged, { size }).map((numbers) => ({ events: eventsOf(numbers), batch: cut(numbers, Math.min(steps, multiple * Math.ceil(longest(numbers) / multiple))) })),
  };

  const params = model.init(key(0));
  const epochs = [];
  for (const [name, batches] of Object.entries(laidOut)) {
    const started = performance.now();
    const programs = new Map<string, Trainer<P, Streams, { loss: ReturnType<typeof crossEntropy> }>>();
    for (const { batch } of batches) {
      const shape = batch.x.shape.join();
      if (programs.has(shape)) continue;
      context.signal.throwIfAborted();
      programs.set(shape, await trainer({ loss: (weights: P, given: Streams) => ({ loss: crossEntropy(model.logits(weights, given), given.y) }), optimiser: adam({ learningRate: 1e-3 }), params, key: key(0), batch, backend }));
    }
    epochs.push({ name, compiled: (performance.now() - started) / 1000, programs, batches: batches.map((batch) => ({ ...batch, seconds: [] as number[] })) });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { programs, batches } of epochs) {
      for (const { batch, seconds } of batches) {
        const started = performance.now();
        await programs.get(batch.x.shape.join())!.run(batch);
        seconds.push((performance.now() - started) / 1000);
      }
      // Lets Ctrl-C in.
      await new Promise((turn) => setTimeout(turn, 0));
      context.signal.throwIfAborted();
    }
  }

  const x = { label: "batch of the epoch; of like lengths, the longest first", values: inOrder.map((_, i) => i + 1) };
  const shortest = epochs.map(({ name, batches }) => ({ name, events: batches.map(({ events }) => events), seconds: batches.map(({ seconds }) => Math.min(...seconds)) }));
  context.series(perEvent, {
    title: "What padding costs: training time for a real event",
    x,
    y: { label: "time an event", unit: "µs" },
    lines: Object.fromEntries(shortest.map(({ name, events, seconds }) => [name, seconds.map((s, i) => (1e6 * s) / events[i]!)])),
  });
  context.series(perEpoch, {
    title: "What padding costs: training time of an epoch",
    x,
    y: { label: "time since the epoch began", unit: "ms" },
    lines: Object.fromEntries(shortest.map(({ name, seconds }) => [name, runningSums(seconds).map((s) => 1000 * s)])),
  });
  const events = ragged.values.shape[0]!;
  const timings: Record<string, number> = {};
  for (const [i, { name, compiled, programs }] of epochs.entries()) {
    const seconds = runningSums(shortest[i]!.seconds).at(-1)!;
    context.log(`${name}: ${((1e6 * seconds) / events).toFixed(2)} µs an event, ${events} events; ${programs.size} ${programs.size === 1 ? "program" : "programs"} compiled in ${compiled.toFixed(1)} s`);
    timings[`epoch, ${name}`] = seconds;
    timings[`compilation, ${name}`] = compiled;
    for (const program of programs.values()) await program.dispose();
  }
  return timings;
}

function runningSums(values: readonly number[]): number[] {
  let total = 0;
  return values.map((value) => (total += value));
}
