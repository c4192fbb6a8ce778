import { duplicateString, modularArithmetic, parity, reverseString, type StringOptions } from "@sluice/data";
import { tensor, valuesOf, type Tensor } from "@sluice/tensor";

export type LanguageName = "parity" | "modularArithmetic" | "reverseString" | "duplicateString";

/** Strings of one language, read symbol by symbol. */
export type Strings = {
  /** One-hot symbols, `[examples, steps, symbols]`; zeros beyond the length. */
  readonly x: Tensor;
  /** Steps of each row, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The answer's symbol at each step, i32 `[examples, steps]`. */
  readonly y: Tensor;
  /** 1 at the steps that ask for an answer, else 0, `[examples, steps]`. */
  readonly counted: Tensor;
};

interface Language {
  /** How many symbols are read, the empty token included, and how many there are to answer with. */
  readonly symbols: number;
  readonly answers: number;
  readonly draw: (options: StringOptions) => { readonly [split in Split]: Strings };
}

type Split = "train" | "validation" | "test";

/** The tasks of Deletang et al. 2023, as in the authors' code: the answer is asked for after the whole string. */
export const languages: { readonly [name in LanguageName]: Language } = {
  parity: {
    symbols: 2,
    answers: 2,
    draw: (options) =>
      ofEach(parity(options), ({ x, lengths, y }) => {
        const steps = options.time;
        const bits = Int32Array.from(valuesOf(x));
        const at = lastSteps(lengths, steps);
        return stringsOf({ symbols: bits, lengths, y, counted: tensor(at, [lengths.shape[0] ?? 0, steps]) }, 2);
      }),
  },
  modularArithmetic: {
    symbols: 9,
    answers: 5,
    draw: (options) =>
      ofEach(modularArithmetic(options), ({ x, lengths, y }) => {
        const [rows = 0, steps = 0] = x.shape;
        const at = lastSteps(lengths, steps);
        const values = valuesOf(y);
        const answers = Int32Array.from(at, (counts, i) => counts * Number(values[Math.floor(i / steps)]));
        return stringsOf(
          {
            symbols: Int32Array.from(valuesOf(x)),
            lengths,
            y: tensor(answers, [rows, steps]),
            counted: tensor(at, [rows, steps]),
          },
          9,
        );
      }),
  },
  reverseString: { symbols: 3, answers: 3, draw: (options) => ofEach(reverseString(options), asked) },
  duplicateString: { symbols: 3, answers: 3, draw: (options) => ofEach(duplicateString(options), asked) },
};

type Asked = Pick<Strings, "x" | "lengths" | "y"> & { readonly asked: Tensor };

const asked = ({ x, lengths, y, asked: at }: Asked): Strings =>
  stringsOf(
    {
      symbols: Int32Array.from(valuesOf(x)),
      lengths,
      y,
      counted: tensor(Float32Array.from(valuesOf(at), Number), at.shape),
    },
    3,
  );

/** Float 1 at the last step of each row, else 0. */
function lastSteps(lengths: Tensor, steps: number): Float32Array {
  const at = new Float32Array((lengths.shape[0] ?? 0) * steps);
  valuesOf(lengths).forEach((length: number, row: number) => (at[row * steps + length - 1] = 1));
  return at;
}

function stringsOf(
  { symbols, lengths, y, counted }: { readonly symbols: Int32Array } & Omit<Strings, "x">,
  count: number,
): Strings {
  const [rows = 0, steps = 0] = y.shape;
  const x = new Float32Array(rows * steps * count);
  valuesOf(lengths).forEach((length: number, row: number) => {
    for (let i = row * steps; i < row * steps + length; i++) x[i * count + (symbols[i] ?? 0)] = 1;
  });
  return { x: tensor(x, [rows, steps, count]), lengths, y, counted };
}

const ofEach = <E>(data: { readonly [split in Split]: E }, make: (examples: E) => Strings) => ({
  train: make(data.train),
  validation: make(data.validation),
  test: make(data.test),
});
