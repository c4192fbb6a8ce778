import { randomBits, tensor, TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { delayedCopy as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, type DrawOptions } from "./generated.ts";

/** Examples of {@link delayedCopy}. */
export type DelayedCopies = {
  /** A symbol at every step, 1 to `symbols`, i32 `[examples, time]`. Feed `oneHot(x, symbols + 1)`. */
  readonly x: Tensor;
  /** The symbol of `delay` steps before, i32 `[examples, time]`; 0 at the first `delay` steps. */
  readonly y: Tensor;
};

/** Options of {@link delayedCopy}. */
export interface DelayedCopyOptions extends DrawOptions {
  /** Steps from a symbol to its copy. 0: the symbol of the same step. */
  readonly delay: number;
  /** Steps of a sequence, more than `delay`. Default `4 delay + 4`. */
  readonly time?: number;
  /** How many different symbols there are. Default 8. */
  readonly symbols?: number;
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
  checkOptions("delayedCopy", options, ["delay", "time", "symbols", ...drawOptions], {
    lag: "delay",
    length: "time",
    steps: "time",
    ...drawAliases,
  });
  const delay = checkCount("delayedCopy", "delay", options.delay, 0);
  const time = checkCount("delayedCopy", "time", options.time ?? 4 * delay + 4);
  if (time <= delay)
    throw new TensorError(`delayedCopy: time must be more than the delay of ${delay} steps, got ${time}`);
  const symbols = checkCount("delayedCopy", "symbols", options.symbols ?? 8, 2);
  return generated(
    {
      operation: "delayedCopy",
      facts,
      keyName: "delayed-copy",
      name: `delayed copy, delay ${delay}`,
      what: `${time} steps of ${symbols} symbols, each to be output ${delay} steps later`,
      caution:
        "Not the copying problem: symbols come and are asked for at every step. The first steps, which have no answer yet, have the class 0; leave them out of the loss or say that they are in it.",
    },
    options,
    { train: 10_000, validation: 1000, test: 1000 },
    (n, key) => {
      const draws = valuesOf(randomBits(key, [n, time]));
      const x = Int32Array.from(draws, (bits) => 1 + ((bits >>> 0) % symbols));
      const y = x.map((_, i) => (i % time < delay ? 0 : x[i - delay]!));
      return { x: tensor(x, [n, time]), y: tensor(y, [n, time]) };
    },
  );
}
