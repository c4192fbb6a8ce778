import { keyFor, randomBits, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { copying as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, type DrawOptions } from "./generated.ts";

/** Examples of {@link copying}. */
export type Copying = {
  /**
   * Symbols, i32 `[examples, time]`: 0 is blank, 1 to `symbols` are to be remembered, `symbols + 1` means "now". Feed
   * `oneHot(x, symbols + 2)`.
   */
  readonly x: Tensor;
  /** The symbol to output at each step, i32 `[examples, time]`: blanks, then at the end the remembered symbols. */
  readonly y: Tensor;
};

/** Options of {@link copying}. */
export interface CopyingOptions extends DrawOptions {
  /** Steps from the last symbol to the first answer, T in the papers. */
  readonly delay: number;
  /** How many symbols to remember. Default 10. */
  readonly length?: number;
  /** How many different symbols there are. Default 8. */
  readonly symbols?: number;
}

/**
 * The copying problem (Hochreiter and Schmidhuber 1997; in the form of Arjovsky, Shah, Bengio 2016, arXiv:1511.06464).
 * A sequence has `length` symbols, `delay - 1` blanks, the symbol "now", and `length` blanks. The network must output
 * the symbols in order during the last `length` steps. Time is `delay + 2 length`. Without memory, the best
 * cross-entropy is `length log(symbols) / (delay + 2 length)` nats per step.
 */
export function copying(options: CopyingOptions): Dataset<Copying> {
  checkOptions("copying", options, ["delay", "length", "symbols", ...drawOptions], {
    time: "delay",
    blanks: "delay",
    ...drawAliases,
  });
  const delay = checkCount("copying", "delay", options.delay);
  const length = checkCount("copying", "length", options.length ?? 10);
  const symbols = checkCount("copying", "symbols", options.symbols ?? 8, 2);
  const time = delay + 2 * length;
  return generated(
    {
      operation: "copying",
      facts,
      name: `copying, delay ${delay}`,
      what: `the copying problem, ${length} of ${symbols} symbols over a delay of ${delay} (arXiv:1511.06464)`,
      caution: "Cross-entropy is the mean over all steps, blanks included, as in the papers.",
    },
    options,
    { train: 10_000, validation: 1000, test: 1000 },
    (n, keys) => {
      const draws = valuesOf(randomBits(keyFor(keys, "symbols"), [n, length]));
      const [x, y] = [new Int32Array(n * time), new Int32Array(n * time)];
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < length; j++) {
          const symbol = 1 + ((draws[i * length + j]! >>> 0) % symbols);
          x[i * time + j] = symbol;
          y[i * time + time - length + j] = symbol;
        }
        x[i * time + length + delay - 1] = symbols + 1;
      }
      return { x: tensor(x, [n, time]), y: tensor(y, [n, time]) };
    },
  );
}
