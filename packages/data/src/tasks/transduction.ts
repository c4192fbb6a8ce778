import { tensor, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import type { Facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, shortStringsRepeat, type DrawOptions } from "./generated.ts";
import { checkLengths, drawStrings, showLengths } from "./strings.ts";

/** Examples in which a string is read first and another one is written then. */
export type Transductions = {
  /**
   * The string, symbols 1 to `symbols`, then 0 (the empty token) at every step that asks for an answer, i32 `[examples,
   * steps]`; 0 beyond the length too. Feed `oneHot(x, symbols + 1)`.
   */
  readonly x: Tensor;
  /** The steps of each row: the symbols of the string and those of its answer, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The answer, symbols 1 to `symbols`, at the steps that ask for it; else 0. i32 `[examples, steps]`. */
  readonly y: Tensor;
  /** True at the steps that ask for an answer, bool `[examples, steps]`: the mask of the loss and the accuracy. */
  readonly asked: Tensor;
};

/** Options of {@link reverseString} and {@link duplicateString}. */
export interface StringOptions extends DrawOptions {
  /** The most symbols of a string. */
  readonly time: number;
  /** The fewest symbols of a string; every number up to `time` is equally likely. Default `time`. */
  readonly shortest?: number;
  /** How many different symbols there are. Default 2. */
  readonly symbols?: number;
}

/** A task on strings. */
export interface Transduction {
  readonly operation: string;
  readonly facts: Facts;
  readonly name: string;
  /** The answer's symbols for each symbol of the string. */
  readonly growth: number;
  readonly answer: (string: Int32Array) => Int32Array;
}

export function transductions(task: Transduction, options: StringOptions): Dataset<Transductions> {
  const { operation, facts, name, growth, answer } = task;
  checkOptions(operation, options, ["time", "shortest", "symbols", ...drawOptions], {
    length: "time",
    longest: "time",
    vocab_size: "symbols",
    ...drawAliases,
  });
  const lengths = checkLengths(operation, options);
  const symbols = checkCount(operation, "symbols", options.symbols ?? 2, 2);
  const steps = lengths.time * (1 + growth);
  return generated(
    {
      operation,
      facts,
      name: `${name}, ${showLengths(lengths)} symbols of ${symbols}`,
      what: `strings of ${showLengths(lengths)} random symbols of ${symbols}, ${name} (Deletang et al. 2023, arXiv:2207.02098)`,
      split: shortStringsRepeat,
      caution: `The paper trains on 1 to 40 symbols, tests on 41 to 500, averages the accuracy of an answer's symbols over the lengths, and reports the best of its seeds and learning rates. Guessing is right in 1 of ${symbols} symbols.`,
    },
    options,
    { train: 10_000, validation: 1000, test: 1000 },
    (n, key) => {
      const [x, y, asked] = [new Int32Array(n * steps), new Int32Array(n * steps), new Int32Array(n * steps)];
      const count = new Int32Array(n);
      drawStrings(n, key, lengths, symbols).forEach((string, row) => {
        const given = string.map((symbol) => symbol + 1);
        const wanted = answer(given);
        const at = row * steps + given.length;
        x.set(given, row * steps);
        y.set(wanted, at);
        asked.fill(1, at, at + wanted.length);
        count[row] = given.length + wanted.length;
      });
      const shape = [n, steps];
      return {
        x: tensor(x, shape),
        lengths: tensor(count),
        y: tensor(y, shape),
        asked: tensor(asked, shape, { dtype: "bool" }),
      };
    },
  );
}
