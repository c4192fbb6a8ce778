import { dense, gru, sequence, sequential } from "@sluice/cells";
import { chain, globalNorm } from "@sluice/clip";
import { compile, key, keyFor, valuesOf, type Backend, type Tensor } from "@sluice/tensor";
import { adam, mse, trainer } from "@sluice/train";
import { weightsHash } from "@sluice/formats";
import type { Settings } from "./settings.ts";
import { batchAt, heldOut } from "./task.ts";

export interface Training {
  /** Steps done so far. */
  readonly step: number;
  /** Does one training step. Returns the batch's mean squared error before the update. */
  next(): Promise<number>;
  evaluate(): Promise<Evaluation>;
  /** SHA-256 of the weights. */
  hash(): Promise<string>;
  /** Saves weights and optimizer state. Training can continue from them on any backend. */
  save(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Results on held-out sequences. */
export interface Evaluation {
  /** Mean squared error. */
  readonly error: number;
  /** The correct sum and the answer for each sequence. */
  readonly answers: readonly { readonly sum: number; readonly answer: number }[];
}

/**
 * Trains a GRU with a linear readout of its last state on the adding problem, from `saved` if given. Runs in a page, a
 * worker or Node.
 */
export async function startTraining(settings: Settings, backend: Backend, saved?: Uint8Array): Promise<Training> {
  const { hidden, learningRate, seed } = settings;
  const model = sequential([
    sequence(gru({ input: 2, hidden }), { outputs: "last" }),
    dense({ input: hidden, output: 1 }),
  ]);
  const params = model.init(keyFor(key(seed), "weights"));
  const answer = (weights: typeof params, x: Tensor): Tensor => model.apply(weights, x).output;

  const training = await trainer({
    loss: (weights: typeof params, { x, y }) => ({ loss: mse(answer(weights, x), y) }),
    optimizer: chain(globalNorm(1), adam({ learningRate })),
    params,
    key: keyFor(key(seed), "training"),
    batch: batchAt(settings, 0),
    backend,
  });
  if (saved !== undefined) await training.restore(saved);

  const unseen = heldOut(settings);
  const sums = valuesOf(unseen.y);
  const answerUnseen = await compile(answer, [params, unseen.x], { backend });

  return {
    get step() {
      return training.step;
    },
    next: async () => (await training.run(batchAt(settings, training.step))).loss,
    async evaluate() {
      const output = valuesOf(await answerUnseen(await training.params(), unseen.x));
      const answers = Array.from(output, (answer, i) => ({ sum: sums[i]!, answer }));
      const error =
        answers.reduce((total, { sum, answer }) => total + (answer - sum) * (answer - sum), 0) / answers.length;
      return { error, answers };
    },
    hash: async () => weightsHash(await training.params()),
    save: () => training.save(),
  };
}
