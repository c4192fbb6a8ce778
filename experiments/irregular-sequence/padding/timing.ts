import type { TrialContext } from "@sluice/study";
import { key, valuesOf, type Backend, type Tree } from "@sluice/tensor";
import { adam, crossEntropy, trainer, type Batches, type Weighted } from "@sluice/train";
import type { Model } from "@sluice/trials";
import type { Seen } from "./model.ts";
import type { Series } from "./series.ts";

/** The series that {@link recordTimes} writes, and its line. */
export const perStep = "time-per-real-step";
export const soFar = "training";

/** How often each batch is timed. The shortest time counts, because other work on the machine can only make it longer. */
const rounds = 9;

/**
 * Times the training steps of one epoch, several times, with one compiled program for all batches. The last point of the
 * line is the time of the epoch per real step. Times are those of this machine at that moment; no metric depends on them.
 */
export async function recordTimes<P extends Tree>(
  context: Pick<TrialContext, "series" | "signal">,
  { model, cut, backend }: { readonly model: Model<P, Seen>; readonly cut: Batches<Series>; readonly backend: Backend },
): Promise<{ readonly [name: string]: number }> {
  const given = Array.from(cut.epoch(0), ({ batch: { x, lengths, y, weight } }) => ({ x, lengths, y, weight }));
  const [first] = given;
  if (first === undefined) throw new Error("padding: there are no series to time");
  const training = await trainer({
    loss: (weights: P, batch: Weighted<Series>) => ({
      loss: crossEntropy(model.apply(weights, batch).output, batch.y, { mask: batch.weight }),
    }),
    optimizer: adam({ learningRate: 1e-3 }),
    params: model.init(key(0)),
    key: key(0),
    batch: first,
    backend,
  });
  const shortest = new Array<number>(given.length).fill(Infinity);
  for (let round = 0; round < rounds; round++) {
    for (const [at, batch] of given.entries()) {
      const begun = performance.now();
      await training.run(batch);
      shortest[at] = Math.min(shortest[at] ?? Infinity, performance.now() - begun);
    }
    // Handles Ctrl-C.
    await new Promise((turn) => setTimeout(turn, 0));
    context.signal.throwIfAborted();
  }
  await training.dispose();
  const [milliseconds, steps] = [runningSums(shortest), runningSums(given.map(realSteps))];
  context.series(perStep, {
    title: "What a real step costs in training",
    x: { label: "batches of the epoch so far", values: given.map((_, at) => at + 1) },
    y: { label: "time per real step", unit: "µs" },
    lines: { [soFar]: milliseconds.map((time, at) => (1000 * time) / (steps[at] ?? Number.NaN)) },
  });
  return { "the shortest training steps of an epoch": (milliseconds.at(-1) ?? Number.NaN) / 1000 };
}

function runningSums(values: readonly number[]): number[] {
  let total = 0;
  return values.map((value) => (total += value));
}

/** The real steps of a batch, without those of rows that only fill it. */
function realSteps({ lengths, weight }: Weighted<Series>): number {
  const counts = valuesOf(weight);
  return Array.from(valuesOf(lengths), (length, row) => length * (counts[row] ?? 0)).reduce((sum, n) => sum + n, 0);
}
