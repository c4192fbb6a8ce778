import { keyFor, randomBits, tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { Dataset } from "../dataset.ts";
import { parity as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, shortStringsRepeat, type DrawOptions } from "./generated.ts";
import { checkLengths, showLengths, type StringLengths } from "./strings.ts";

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
export interface ParityOptions extends DrawOptions {
  /** The most bits of a string, and the number of steps of the arrays. */
  readonly time: number;
  /** The fewest bits of a string; every number up to `time` is equally likely. Default `time`: all are equally long. */
  readonly shortest?: number;
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
  checkOptions("parity", options, ["time", "shortest", ...drawOptions], {
    length: "time",
    longest: "time",
    bits: "time",
    ...drawAliases,
  });
  const lengths = checkLengths("parity", options);
  return generated(
    {
      operation: "parity",
      facts,
      name: `parity, ${showLengths(lengths)} bits`,
      what: `strings of ${showLengths(lengths)} random bits, their parity at every step`,
      split: shortStringsRepeat,
      caution:
        "Papers differ in the code of the bits and in whether only the last step has a target; a target at every step is easier to learn.",
    },
    options,
    { train: 10_000, validation: 1000, test: 1000 },
    (n, keys) => drawBits(n, keys, lengths),
  );
}

function drawBits(n: number, keys: ArrayTensor, { time, shortest }: StringLengths): Parity {
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
