import { keyFor, randomBits, tensor, TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { checkChoice, checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { modularArithmetic as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, shortStringsRepeat, type DrawOptions } from "./generated.ts";
import { checkLengths, drawStrings, showLengths } from "./strings.ts";

/** Examples of {@link modularArithmetic}. */
export type ModularArithmetic = {
  /**
   * The expression: the number r is `r + 1`, the operators are `modulus + 1` (+), `modulus + 2` (-) and `modulus + 3`
   * (*). 0, the empty token, is at the last step, which asks for the answer, and beyond the length. i32 `[examples,
   * steps]`. Feed `oneHot(x, modulus + 4)`.
   */
  readonly x: Tensor;
  /** The steps of each row: the expression's symbols and one more, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The value, 0 to `modulus - 1`, i32 `[examples]`. */
  readonly y: Tensor;
};

/** An operator of an expression. */
export type Operator = "+" | "-" | "*";
const operators: readonly Operator[] = ["+", "-", "*"];

/** Options of {@link modularArithmetic}. */
export interface ModularArithmeticOptions extends DrawOptions {
  /** The most symbols of an expression. Expressions have an odd number of symbols. */
  readonly time: number;
  /** The fewest symbols; every odd number up to `time` is equally likely. Default `time`. */
  readonly shortest?: number;
  /** Default 5. */
  readonly modulus?: number;
  /** The operators that occur. Default all three. */
  readonly operators?: readonly Operator[];
}

/**
 * Modular arithmetic without brackets: the value of an expression such as `1 + 2 * 3` modulo 5 (Deletang et al. 2023,
 * "Neural Networks and the Chomsky Hierarchy", arXiv:2207.02098; regular). Multiplication comes before addition, as in
 * the authors' code. The answer is asked for at one step after the expression. An even number of symbols is lowered by
 * one, as there.
 */
export function modularArithmetic(options: ModularArithmeticOptions): Dataset<ModularArithmetic> {
  const operation = "modularArithmetic";
  checkOptions(operation, options, ["time", "shortest", "modulus", "operators", ...drawOptions], {
    length: "time",
    longest: "time",
    ...drawAliases,
  });
  const lengths = checkLengths(operation, options);
  const modulus = checkCount(operation, "modulus", options.modulus ?? 5, 2);
  const used = options.operators ?? operators;
  if (!Array.isArray(used) || used.length === 0 || new Set(used).size < used.length)
    throw new TensorError(`${operation}: operators must be a list of different operators, got ${shown(used)}`);
  for (const one of used) checkChoice(operation, "operator", one, operators);
  // An expression of n numbers has 2 n - 1 symbols.
  const numbers = { time: Math.ceil(lengths.time / 2), shortest: Math.ceil(lengths.shortest / 2) };
  const steps = 2 * numbers.time;
  return generated(
    {
      operation,
      facts,
      name: `modular arithmetic, ${showLengths(lengths)} symbols, modulo ${modulus}, ${used.join(" ")}`,
      what: `expressions of ${showLengths(lengths)} symbols, their value modulo ${modulus} (Deletang et al. 2023, arXiv:2207.02098)`,
      split: shortStringsRepeat,
      caution:
        "The paper has two tasks of this name; this is the one without brackets. It trains on up to 40 symbols, tests on 41 to 500, and reports the best of its seeds and learning rates.",
    },
    options,
    { train: 10_000, validation: 1000, test: 1000 },
    (n, key) => {
      const draws = valuesOf(randomBits(keyFor(key, "operators"), [n, numbers.time]));
      const [x, count, y] = [new Int32Array(n * steps), new Int32Array(n), new Int32Array(n)];
      drawStrings(n, key, numbers, modulus).forEach((operands, row) => {
        const between = Array.from(operands.slice(1), (_, i): Operator => {
          const draw = (draws[row * numbers.time + i] ?? 0) >>> 0;
          return used[draw % used.length] ?? "+";
        });
        operands.forEach((operand, i) => (x[row * steps + 2 * i] = operand + 1));
        between.forEach((one, i) => (x[row * steps + 2 * i + 1] = modulus + 1 + operators.indexOf(one)));
        count[row] = 2 * operands.length;
        y[row] = valueOf(operands, between, modulus);
      });
      return { x: tensor(x, [n, steps]), lengths: tensor(count), y: tensor(y) };
    },
  );
}

/** The value of `r_0 o_0 r_1 o_1 r_2 ...`, from 0 to `modulus - 1`. */
function valueOf(operands: Int32Array, between: readonly Operator[], modulus: number): number {
  let sum = 0;
  let term = operands[0] ?? 0;
  between.forEach((one, i) => {
    const next = operands[i + 1] ?? 0;
    if (one === "*") {
      term = (term * next) % modulus;
    } else {
      sum += term;
      term = one === "-" ? -next : next;
    }
  });
  const value = (sum + term) % modulus;
  return value < 0 ? value + modulus : value;
}
