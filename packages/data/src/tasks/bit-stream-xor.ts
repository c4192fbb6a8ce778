import { keyFor, randomBits, tensor, TensorError, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkChoice, checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { bitStreamXor as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, independent, type DrawOptions } from "./generated.ts";

/** Examples of {@link bitStreamXor}. */
export type BitStreams = {
  /** The bit, 0 or 1, `[examples, steps, 1]`; zeros beyond the length. */
  readonly x: Tensor;
  /** Time since the previous step, in units of `steps` bits, `[examples, steps, 1]`; zeros beyond the length. */
  readonly elapsed: Tensor;
  /** Number of steps of each row, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The exclusive or of all bits: 0 or 1, f32 `[examples, 1]`. */
  readonly y: Tensor;
};

/** Options of {@link bitStreamXor}. */
export interface BitStreamXorOptions extends DrawOptions {
  /** `events` (default): one step per change of the stream. `dense`: one step per bit. */
  readonly form?: "events" | "dense";
  /** The fewest bits of a stream; every number up to `longest` is equally likely. Default 2. */
  readonly shortest?: number;
  /** The most bits of a stream. Default 31. */
  readonly longest?: number;
  /** The number of steps of the padded arrays, and of bits per unit of time. Default 32. */
  readonly steps?: number;
}

/**
 * Bit-stream XOR: is the number of ones in a random bit stream odd? (Hasani et al. 2022, "Closed-form continuous-time
 * neural networks", Nature Machine Intelligence 4, table 4, arXiv:2106.13898; 100,000 training streams and 10,000 test
 * streams.)
 *
 * In event form there is a step at the first bit, at every bit that differs from the previous one, and at the end of
 * the stream unless the last bit already has a step. Each step carries its bit and the time since the previous step, so
 * only the times tell how often a bit was repeated.
 *
 * Taken from the authors' published code (github.com/raminmh/CfC, XORData): lengths uniform from 2 to 31 bits, padding
 * to 32, the step at the end of a stream, times divided by 32. To make every stream 32 bits long, set `shortest` and
 * `longest` to 32. Different here: the random numbers, and a validation split, which that code does not have. Not
 * known: how the baselines of the table were tuned.
 */
export function bitStreamXor(options: BitStreamXorOptions = {}): Dataset<BitStreams> {
  const name = "bitStreamXor";
  checkOptions(name, options, ["form", "shortest", "longest", "steps", ...drawOptions], {
    bits: "longest",
    padded: "steps",
    ...drawAliases,
  });
  const { form = "events", shortest = 2, longest = 31, steps = 32 } = options;
  checkChoice(name, "form", form, ["events", "dense"]);
  checkCount(name, "shortest", shortest);
  checkCount(name, "longest", longest, shortest);
  if (checkCount(name, "steps", steps) < longest)
    throw new TensorError(
      `${name}: ${steps} steps are too few for the longest stream of ${longest} bits; raise steps or lower longest`,
    );
  return generated(
    {
      operation: name,
      facts,
      keyName: "bit-stream-xor",
      name: `bit-stream XOR, ${form}`,
      what: `streams of ${shortest} to ${longest} random bits, label their exclusive or (CfC, arXiv:2106.13898, table 4)`,
      split: `${independent}; there are few short streams, so the same ones occur in all splits`,
      caution: "Published figures are for 100,000 training streams and 200 epochs; a run with fewer is not comparable.",
    },
    options,
    { train: 100_000, validation: 10_000, test: 10_000 },
    (n, keys) => drawStreams(n, keys, { form, shortest, longest, steps }),
  );
}

/** So many streams, padded to `steps`. */
function drawStreams(
  n: number,
  keys: ArrayTensor,
  { form, shortest, longest, steps }: Required<Pick<BitStreamXorOptions, "form" | "shortest" | "longest" | "steps">>,
): BitStreams {
  const draws = valuesOf(randomBits(keyFor(keys, "lengths"), [n]));
  const words = valuesOf(randomBits(keyFor(keys, "bits"), [n, Math.ceil(longest / 32)]));
  const perStream = Math.ceil(longest / 32);
  const [x, elapsed] = [new Float32Array(n * steps), new Float32Array(n * steps)];
  const [lengths, y] = [new Int32Array(n), new Float32Array(n)];
  for (let i = 0; i < n; i++) {
    const bits = shortest + ((draws[i]! >>> 0) % (longest - shortest + 1));
    let [count, since, before, ones] = [0, 0, -1, 0];
    const step = (bit: number): void => {
      x[i * steps + count] = bit;
      elapsed[i * steps + count] = since / steps;
      count++;
      since = 0;
    };
    for (let b = 0; b < bits; b++) {
      const bit = (words[i * perStream + (b >>> 5)]! >>> (b & 31)) & 1;
      since++;
      ones += bit;
      if (form === "dense" || bit !== before) step(bit);
      before = bit;
    }
    if (since > 0) step(before);
    lengths[i] = count;
    y[i] = ones & 1;
  }
  return {
    x: tensor(x, [n, steps, 1]),
    elapsed: tensor(elapsed, [n, steps, 1]),
    lengths: tensor(lengths),
    y: tensor(y, [n, 1]),
  };
}
