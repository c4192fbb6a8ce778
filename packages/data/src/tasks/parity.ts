import { key, keyFor, randomBits, tensor, TensorError, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkKey, checkOptions } from "@sluice/tensor/internal";
import { checkCount, checkSizes } from "../check.ts";
import type { Dataset, SplitSizes } from "../dataset.ts";
import { cited, parity as facts } from "../facts.ts";

/** Examples of {@link parity}. */
export type Parity = {
  /** The bits, 0 or 1, f32 `[examples, time, 1]`; zeros beyond the length. */
  readonly x: Tensor;
  /** The number of bits of each row, i32 `[examples]`. */
  readonly lengths: Tensor;
  /**
   * The parity of the bits up to each step, this one included: 1 if the number of ones is odd, else 0, i32 `[examples,
   * time]`; zeros beyond the length. The parity of the whole string is that of its last step.
   */
  readonly y: Tensor;
};

/** Options of {@link parity}. */
export interface ParityOptions extends SplitSizes {
  /** The most bits of a string, and the number of steps of the arrays. */
  readonly time: number;
  /** The fewest bits of a string; every number up to `time` is equally likely. Default `time`: all are equally long. */
  readonly shortest?: number;
  /** The key of all draws. Default `key(0)`. */
  readonly key?: ArrayTensor;
}

/**
 * Parity: is the number of ones in a string of random bits odd? (Hochreiter and Schmidhuber 1997, "LSTM can solve hard
 * long time lag problems", NIPS 9; as a test of tracking a state, Deletang et al. 2022, arXiv:2207.02098.) Every bit
 * changes all later answers, so a network that misses any bit guesses: it is right in half of all cases. To see whether
 * a network has learned the rule, train on short strings and test on longer ones, from two data sets.
 *
 * Here bits are 0 and 1 and every step has a target. Papers also use -1 and 1, and a target at the end only: take the
 * step before the length.
 */
export function parity(options: ParityOptions): Dataset<Parity> {
  checkOptions("parity", options, ["time", "shortest", "train", "validation", "test", "key"], {
    length: "time",
    longest: "time",
    bits: "time",
    seed: "key",
  });
  if (options.key !== undefined) checkKey("parity", options.key);
  const time = checkCount("parity", "time", options.time);
  const shortest = checkCount("parity", "shortest", options.shortest ?? time);
  if (shortest > time)
    throw new TensorError(`parity: shortest must be at most the time of ${time} steps, got ${shortest}`);
  const sizes = checkSizes("parity", options, { train: 10_000, validation: 1000, test: 1000 });

  const examples = (split: keyof typeof sizes): Parity =>
    drawStrings(sizes[split], keyFor(options.key ?? key(0), `parity ${split}`), { time, shortest });
  const range = shortest === time ? `${time}` : `${shortest} to ${time}`;
  return {
    name: `parity, ${range} bits`,
    train: examples("train"),
    validation: examples("validation"),
    test: examples("test"),
    provenance: {
      source: `generated: strings of ${range} random bits, their parity at every step`,
      ...cited(facts),
      files: {},
      split:
        "independent draws with a separate key for each split; there are few short strings, so the same ones occur in all splits",
      caution:
        "Papers differ in the code of the bits and in whether only the last step has a target; a target at every step is easier to learn.",
    },
  };
}

function drawStrings(
  n: number,
  keys: ArrayTensor,
  { time, shortest }: { readonly time: number; readonly shortest: number },
): Parity {
  const wordsPerString = Math.ceil(time / 32);
  const draws = valuesOf(randomBits(keyFor(keys, "lengths"), [n]));
  const words = valuesOf(randomBits(keyFor(keys, "bits"), [n, wordsPerString]));
  const [x, lengths, y] = [new Float32Array(n * time), new Int32Array(n), new Int32Array(n * time)];
  for (let i = 0; i < n; i++) {
    const length = shortest + ((draws[i]! >>> 0) % (time - shortest + 1));
    lengths[i] = length;
    let ones = 0;
    for (let t = 0; t < length; t++) {
      const bit = (words[i * wordsPerString + (t >>> 5)]! >>> (t & 31)) & 1;
      ones ^= bit;
      x[i * time + t] = bit;
      y[i * time + t] = ones;
    }
  }
  return { x: tensor(x, [n, time, 1]), lengths: tensor(lengths), y: tensor(y, [n, time]) };
}
