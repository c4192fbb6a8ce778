import { key, keyFor, randomBits, tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount, checkSizes } from "../check.ts";
import type { Dataset, SplitSizes } from "../dataset.ts";

export type Copying = {
  /**
   * Symbols, i32 `[examples, time]`: 0 blank, 1 to `symbols`, and `symbols + 1` for "now"; feed `oneHot(x, symbols +
   * 2)`.
   */
  readonly x: Tensor;
  /** The symbol to put out at each step, i32 `[examples, time]`: blank, and at the end what was to be remembered. */
  readonly y: Tensor;
};

export interface CopyingOptions extends SplitSizes {
  /** Steps from the last symbol to the first answer, T in the papers. */
  readonly delay: number;
  /** How many symbols are to be remembered. Default 10. */
  readonly length?: number;
  /** How many different symbols there are. Default 8. */
  readonly symbols?: number;
  readonly key?: ArrayTensor;
}

/**
 * The copying problem (Hochreiter and Schmidhuber 1997; in the form of Arjovsky, Shah, Bengio 2016, arXiv:1511.06464):
 * `length` symbols, `delay - 1` blanks, the mark "now", and `length` blanks, during which the symbols are to be put out
 * in their order. Time is `delay + 2 length`. Without memory the cross-entropy is `length log(symbols) / (delay + 2
 * length)` nats a step.
 */
export function copying(options: CopyingOptions): Dataset<Copying> {
  checkOptions("copying", options, ["delay", "length", "symbols", "train", "validation", "test", "key"], {
    time: "delay",
    blanks: "delay",
    seed: "key",
  });
  const delay = checkCount("copying", "delay", options.delay);
  const length = checkCount("copying", "length", options.length ?? 10);
  const symbols = checkCount("copying", "symbols", options.symbols ?? 8, 2);
  const time = delay + 2 * length;
  const sizes = checkSizes("copying", options, { train: 10_000, validation: 1000, test: 1000 });

  const examples = (split: keyof typeof sizes): Copying => {
    const n = sizes[split];
    const keys = keyFor(options.key ?? key(0), `copying ${split}`);
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
  };
  return {
    name: `copying, delay ${delay}`,
    train: examples("train"),
    validation: examples("validation"),
    test: examples("test"),
    provenance: {
      source: `generated: the copying problem, ${length} of ${symbols} symbols over a delay of ${delay} (arXiv:1511.06464)`,
      licence: "none needed",
      files: {},
      split: "independent draws with a key of its own for each split",
      caution: "Cross-entropy is the mean over all steps, blanks included, as in the papers.",
    },
  };
}
