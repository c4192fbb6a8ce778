/** A GRU that has learned the flip-flop task, and its fixed points. */
import { dense, gru, sequence, sequential } from "@sluice/cells";
import { chain, globalNorm } from "@sluice/clip";
import { flipFlop } from "@sluice/data";
import { fixedPoints, stateTrajectory, type FixedPoint, type FixedPointOptions } from "@sluice/inspect";
import { key, tensor, valuesOf, type ArrayTensor, type Backend } from "@sluice/tensor";
import { adam, batches, cosine, mse, trainer } from "@sluice/train";

export interface Training {
  readonly bits: number;
  readonly hidden: number;
  readonly steps: number;
  readonly backend: Backend;
}

/** Trains a GRU of `hidden` units for so many steps. */
export async function trainFlipFlop({ bits, hidden, steps, backend }: Training) {
  // Rare pulses, so that bits have to be held for long.
  const { train, test } = flipFlop({ bits, time: 40, pulses: 0.2, train: 2048, validation: 0, test: 64 });
  const cell = gru({ input: bits, hidden });
  const readout = dense({ input: hidden, output: bits });
  const model = sequential([sequence(cell), readout]);
  const data = batches(train, { size: 64, key: key(3) });
  const training = await trainer({
    params: model.init(key(1)),
    loss: (params, { x, y }) => ({ loss: mse(model.apply(params, x).output, y) }),
    optimizer: chain(globalNorm(1), adam({ learningRate: cosine({ start: 0.02, end: 0.001, steps }) })),
    key: key(2),
    batch: data.at(0).batch,
    backend,
  });
  let loss = NaN;
  for (const { batch } of data.from(0, steps)) loss = (await training.run(batch)).loss;
  const [weights, ofReadout] = await training.params();
  await training.dispose();
  return {
    loss,
    /** The fixed points at zero input, of a search from the states that test sequences visit. */
    async search(options: FixedPointOptions = {}) {
      const visited = stateTrajectory(cell, weights, test.x);
      return fixedPoints(cell, weights, visited, { backend, ...options });
    },
    /** The bits that the network puts out at a fixed point. */
    answer({ state }: FixedPoint): string {
      const h = tensor(Float32Array.from(valuesOf(state)), [1, hidden]);
      return [...valuesOf(readout.apply(ofReadout, h).output)].map((y) => (y > 0 ? "+" : "-")).join("");
    },
  };
}

/** All strings of so many signs. */
export const answersOf = (bits: number): string[] =>
  Array.from({ length: 1 << bits }, (_, i) =>
    Array.from({ length: bits }, (_, bit) => ((i >> bit) & 1 ? "+" : "-")).join(""),
  ).toSorted();

/** The largest distance between two points of one place in two lists. */
export const farthest = (a: readonly FixedPoint[], b: readonly FixedPoint[]): number =>
  Math.max(
    ...a.map((point, i) => {
      const other: ArrayTensor | undefined = b[i]?.state;
      return Math.hypot(...valuesOf(point.state).map((value, j) => value - (other?.data[j] ?? NaN)));
    }),
  );
