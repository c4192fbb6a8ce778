import { key, keyFor, randomBits, tensor, TensorError, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkKey, checkOptions } from "@sluice/tensor/internal";
import { checkCount, checkSizes } from "../check.ts";
import type { Dataset, SplitSizes } from "../dataset.ts";
import { cited, delayedCopy as facts } from "../facts.ts";

/** Examples of {@link delayedCopy}. */
export type DelayedCopies = {
  /** A symbol at every step, 1 to `symbols`, i32 `[examples, time]`. Feed `oneHot(x, symbols + 1)`. */
  readonly x: Tensor;
  /** The symbol of `delay` steps before, i32 `[examples, time]`; 0 at the first `delay` steps. */
  readonly y: Tensor;
};

/** Options of {@link delayedCopy}. */
export interface DelayedCopyOptions extends SplitSizes {
  /** Steps from a symbol to its copy. 0: the symbol of the same step. */
  readonly delay: number;
  /** Steps of a sequence, more than `delay`. Default `4 delay + 4`. */
  readonly time?: number;
  /** How many different symbols there are. Default 8. */
  readonly symbols?: number;
  /** The key of all draws. Default `key(0)`. */
  readonly key?: ArrayTensor;
}

/**
 * The delayed copy of a stream of symbols: at every step, output the symbol that came `delay` steps before. It is the
 * delay task of short-term memory capacity (Jaeger 2002, GMD report 152) with symbols in place of numbers: the network
 * must hold the latest `delay` symbols at all times, and shift them at every step. In {@link copying} (Arjovsky et al.
 * 2016, arXiv:1511.06464) and in the copy task of Graves et al. 2014 (arXiv:1410.5401) symbols come first and are asked
 * for later, after a marker. Without memory, the best cross-entropy is log(symbols) nats at each step after the first
 * `delay`.
 */
export function delayedCopy(options: DelayedCopyOptions): Dataset<DelayedCopies> {
  checkOptions("delayedCopy", options, ["delay", "time", "symbols", "train", "validation", "test", "key"], {
    lag: "delay",
    length: "time",
    steps: "time",
    seed: "key",
  });
  if (options.key !== undefined) checkKey("delayedCopy", options.key);
  const delay = checkCount("delayedCopy", "delay", options.delay, 0);
  const time = checkCount("delayedCopy", "time", options.time ?? 4 * delay + 4);
  if (time <= delay)
    throw new TensorError(`delayedCopy: time must be more than the delay of ${delay} steps, got ${time}`);
  const symbols = checkCount("delayedCopy", "symbols", options.symbols ?? 8, 2);
  const sizes = checkSizes("delayedCopy", options, { train: 10_000, validation: 1000, test: 1000 });

  const examples = (split: keyof typeof sizes): DelayedCopies => {
    const n = sizes[split];
    const draws = valuesOf(randomBits(keyFor(options.key ?? key(0), `delayed-copy ${split}`), [n, time]));
    const x = Int32Array.from(draws, (bits) => 1 + ((bits >>> 0) % symbols));
    const y = x.map((_, i) => (i % time < delay ? 0 : x[i - delay]!));
    return { x: tensor(x, [n, time]), y: tensor(y, [n, time]) };
  };
  return {
    name: `delayed copy, delay ${delay}`,
    train: examples("train"),
    validation: examples("validation"),
    test: examples("test"),
    provenance: {
      source: `generated: ${time} steps of ${symbols} symbols, each to be output ${delay} steps later`,
      ...cited(facts),
      files: {},
      split: "independent draws with a separate key for each split",
      caution:
        "Not the copying problem: symbols come and are asked for at every step. The first steps, which have no answer yet, have the class 0; leave them out of the loss or say that they are in it.",
    },
  };
}
