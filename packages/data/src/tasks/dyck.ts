import { keyFor, randomBits, tensor, TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { dyck as facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, shortStringsRepeat, type DrawOptions } from "./generated.ts";
import { checkLengths, showLengths } from "./strings.ts";

/** Examples of {@link dyck}. */
export type Dyck = {
  /**
   * Brackets: 1 to `kinds` open, `kinds + 1` to `2 kinds` close the same kinds; 0 beyond the length. i32 `[examples,
   * time]`. Feed `oneHot(x, 2 kinds + 1)`.
   */
  readonly x: Tensor;
  /** The number of brackets, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The next bracket at each step; 0 at the last one: the end. i32 `[examples, time]`. */
  readonly y: Tensor;
  /**
   * 1 for each symbol of `y` that may come next in the language (0, the end, where no bracket is open), f32 `[examples,
   * time, 2 kinds + 1]`; zeros beyond the length.
   */
  readonly legal: Tensor;
};

/** Options of {@link dyck}. */
export interface DyckOptions extends DrawOptions {
  /** The most brackets of a string. */
  readonly time: number;
  /** The fewest brackets; every even number up to `time` is equally likely. Default `time`. */
  readonly shortest?: number;
  /** The kinds of brackets, k. Default 2. */
  readonly kinds?: number;
  /** The most brackets that are open at once, m. Default 3. */
  readonly depth?: number;
}

/**
 * Dyck-(k, m): strings of k kinds of brackets that are closed in the right order, at most m open at once (Hewitt et al.
 * 2020, "RNNs can generate bounded hierarchical languages with optimal memory", arXiv:2010.07515). The network reads a
 * bracket and predicts the next one (`y`), or all that may come next (`legal`; Suzgun et al. 2019, arXiv:1911.03329).
 * Which bracket opens is chance, but a closing bracket is determined by the string so far. So the share of closing
 * brackets whose kind is right shows what the network remembers.
 *
 * Strings are drawn of a given length, one bracket at a time: it opens or closes with equal probability where both can
 * lead to a whole string of that length, and all kinds are equally likely. An odd number of brackets is lowered by one.
 */
export function dyck(options: DyckOptions): Dataset<Dyck> {
  const operation = "dyck";
  checkOptions(operation, options, ["time", "shortest", "kinds", "depth", ...drawOptions], {
    length: "time",
    longest: "time",
    k: "kinds",
    m: "depth",
    ...drawAliases,
  });
  const lengths = checkLengths(operation, options);
  const [kinds, depth] = [options.kinds ?? 2, options.depth ?? 3];
  checkCount(operation, "kinds", kinds);
  checkCount(operation, "depth", depth);
  const pairs = { time: Math.floor(lengths.time / 2), shortest: Math.max(1, Math.floor(lengths.shortest / 2)) };
  if (pairs.time === 0) throw new TensorError(`${operation}: time must be at least 2, one pair of brackets, got 1`);
  return generated(
    {
      operation,
      facts,
      name: `Dyck-(${kinds}, ${depth}), ${showLengths(lengths)} brackets`,
      what: `strings of ${showLengths(lengths)} brackets of ${kinds} kinds, at most ${depth} open at once (arXiv:2010.07515)`,
      split: shortStringsRepeat,
      caution:
        "Papers differ in how strings are drawn. Compare the accuracy of closing brackets, which the string determines, and not the cross-entropy.",
    },
    options,
    { train: 10_000, validation: 1000, test: 1000 },
    (n, key) => {
      const time = 2 * pairs.time;
      const counts = valuesOf(randomBits(keyFor(key, "lengths"), [n]));
      const words = valuesOf(randomBits(keyFor(key, "brackets"), [n, time, 2]));
      const [x, y] = [new Int32Array(n * time), new Int32Array(n * time)];
      const legal = new Float32Array(n * time * (2 * kinds + 1));
      const count = Int32Array.from(counts, (draw) => {
        const more = (draw >>> 0) % (pairs.time - pairs.shortest + 1);
        return 2 * (pairs.shortest + more);
      });
      count.forEach((length, row) => {
        const string = bracketsOf(words.subarray(2 * row * time, 2 * (row * time + length)), { kinds, depth });
        x.set(string, row * time);
        y.set(string.subarray(1), row * time);
        legal.set(legalAfter(string, { kinds, depth }), row * time * (2 * kinds + 1));
      });
      return {
        x: tensor(x, [n, time]),
        lengths: tensor(count),
        y: tensor(y, [n, time]),
        legal: tensor(legal, [n, time, 2 * kinds + 1]),
      };
    },
  );
}

interface Language {
  readonly kinds: number;
  readonly depth: number;
}

/** A string of brackets from two random words for each. */
function bracketsOf(words: ArrayLike<number>, { kinds, depth }: Language): Int32Array {
  const string = new Int32Array(words.length / 2);
  const open: number[] = [];
  string.forEach((_, i) => {
    const [coin, kind] = [(words[2 * i] ?? 0) >>> 0, (words[2 * i + 1] ?? 0) >>> 0];
    const mustClose = open.length === depth || open.length === string.length - i;
    const opens = open.length === 0 || (!mustClose && (coin & 1) === 1);
    string[i] = opens ? 1 + (kind % kinds) : kinds + (open.pop() ?? 0);
    if (opens) open.push(string[i] ?? 0);
  });
  return string;
}

/** For each step the symbols that may follow it: the end, the opening and the closing brackets. */
function legalAfter(string: Int32Array, { kinds, depth }: Language): Float32Array {
  const width = 2 * kinds + 1;
  const legal = new Float32Array(string.length * width);
  const open: number[] = [];
  string.forEach((symbol, i) => {
    if (symbol <= kinds) open.push(symbol);
    else open.pop();
    const last = open.at(-1);
    if (open.length < depth) legal.fill(1, i * width + 1, i * width + 1 + kinds);
    legal[i * width + (last === undefined ? 0 : kinds + last)] = 1;
  });
  return legal;
}
