import { valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { duplicateString, dyck, modularArithmetic, reverseString, type Transductions } from "../index.ts";

const sizes = { train: 500, validation: 0, test: 20 };
const row = (x: Tensor, i: number, width = x.shape[1]!): number[] => [
  ...valuesOf(x).subarray(i * width, (i + 1) * width),
];

/** What is read and what is written by each row. */
function readAndWritten({ x, lengths, y, asked }: Transductions): [string, string][] {
  return Array.from(valuesOf(lengths), (length, i) => {
    const [symbols, answers, mask] = [row(x, i), row(y, i), row(asked, i)];
    const n = symbols.indexOf(0);
    expect(mask).toEqual(symbols.map((_, t) => (t >= n && t < length ? 1 : 0)));
    expect(answers.map((symbol) => (symbol === 0 ? 0 : 1))).toEqual(mask);
    expect(symbols.slice(n).every((symbol) => symbol === 0)).toBe(true);
    return [symbols.slice(0, n).join(""), answers.slice(n, length).join("")];
  });
}

describe("strings", () => {
  test("reverse: the answer is the string from its end", () => {
    const { train } = reverseString({ time: 7, shortest: 1, symbols: 3, ...sizes });
    expect([train.x.shape, train.y.shape, train.asked.dtype]).toEqual([[500, 14], [500, 14], "bool"]);
    const seen = new Set<number>();
    for (const [given, written] of readAndWritten(train)) {
      expect([...written].toReversed().join("")).toBe(given);
      expect(given).toMatch(/^[123]+$/);
      seen.add(given.length);
    }
    expect([...seen].toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test("duplicate: the answer is the string twice", () => {
    const { train } = duplicateString({ time: 6, shortest: 2, ...sizes });
    expect(train.x.shape).toEqual([500, 18]);
    for (const [given, written] of readAndWritten(train)) {
      expect(written).toBe(given.repeat(2));
      expect(given).toMatch(/^[12]{2,6}$/);
    }
  });

  test("symbols are equally likely, and longer strings than those of training can be drawn", () => {
    const { x } = reverseString({ time: 41, ...sizes }).train;
    const ones = valuesOf(x).filter((symbol) => symbol === 1).length;
    // Five standard deviations of a fair coin.
    expect(Math.abs(ones / (500 * 41) - 0.5)).toBeLessThan(2.5 / Math.sqrt(500 * 41));
    const far = reverseString({ time: 500, shortest: 41, train: 0, validation: 0, test: 3 });
    expect(far.test.x.shape).toEqual([3, 1000]);
    expect(Math.min(...valuesOf(far.test.lengths))).toBeGreaterThanOrEqual(82);
  });
});

describe("modular arithmetic", () => {
  /** The value of an expression by its terms, each a product, in whole numbers of any size. */
  function valueOf(expression: string, modulus: number): number {
    const terms = expression.match(/[+-]?\d+(\*\d+)*/g) ?? [];
    expect(terms.join("")).toBe(expression);
    const sum = terms.reduce((total, term) => {
      const product = term
        .replace(/^[+-]/, "")
        .split("*")
        .reduce((value, factor) => value * BigInt(factor), 1n);
      return term.startsWith("-") ? total - product : total + product;
    }, 0n);
    const m = BigInt(modulus);
    return Number(((sum % m) + m) % m);
  }

  test.each([
    [5, 1, 21],
    [2, 8, 8],
    [7, 61, 61],
  ])("modulo %i, %i to %i symbols", (modulus, shortest, time) => {
    const { x, lengths, y } = modularArithmetic({ modulus, shortest, time, ...sizes }).train;
    const seen = new Set<number>();
    const symbols = ["", ...Array.from({ length: modulus }, (_, r) => String(r)), "+", "-", "*"];
    valuesOf(lengths).forEach((length, i) => {
      const given = row(x, i);
      const n = length - 1;
      expect(given.slice(0, n).every((symbol) => symbol > 0)).toBe(true);
      expect(given.slice(n).every((symbol) => symbol === 0)).toBe(true);
      expect(valuesOf(y)[i]).toBe(valueOf(given.map((symbol) => symbols[symbol]).join(""), modulus));
      seen.add(n);
    });
    const odd = Array.from({ length: time + 1 }, (_, n) => n).filter((n) => n % 2 === 1);
    expect([...seen].toSorted((a, b) => a - b)).toEqual(
      time === shortest ? [odd.at(-1)] : odd.filter((n) => n >= shortest),
    );
    expect(new Set(valuesOf(y)).size).toBe(modulus);
  });

  test("the paper's examples", () => {
    expect([valueOf("1+2*3", 5), valueOf("1-1-1", 5), valueOf("0*1+4*3-2", 5)]).toEqual([2, 4, 0]);
  });

  test("only the operators that are given occur", () => {
    const { x } = modularArithmetic({ time: 9, operators: ["-"], ...sizes }).train;
    expect(new Set(valuesOf(x))).toEqual(new Set([0, 1, 2, 3, 4, 5, 7]));
  });
});

describe("Dyck-(k, m)", () => {
  const pairs = "()[]{}";
  test.each([
    [1, 1, 1, 2, 6],
    [2, 3, 3, 2, 20],
    [3, 2, 2, 12, 12],
    [3, 50, 8, 30, 31],
  ])("%i kinds, at most %i open and %i somewhere, %i to %i brackets", (kinds, depth, reached, shortest, time) => {
    const { x, lengths, y, legal } = dyck({ kinds, depth, shortest, time, ...sizes }).train;
    const even = 2 * Math.floor(time / 2);
    expect([x.shape, y.shape, legal.shape]).toEqual([
      [500, even],
      [500, even],
      [500, even, 2 * kinds + 1],
    ]);
    const [seen, deepest] = [new Set<number>(), new Set<number>()];
    valuesOf(lengths).forEach((length, i) => {
      seen.add(length);
      const symbols = row(x, i);
      const text = symbols
        .slice(0, length)
        .map((symbol) => (symbol <= kinds ? pairs[2 * (symbol - 1)] : pairs[2 * (symbol - kinds - 1) + 1]))
        .join("");
      expect(text).toHaveLength(length);
      // A string is in the language if nothing is left when pairs are taken out again and again.
      const rest = (string: string): string => {
        const less = string.replace(/\(\)|\[\]|\{\}/g, "");
        return less === string ? string : rest(less);
      };
      expect(rest(text)).toBe("");
      expect(row(y, i)).toEqual([...symbols.slice(1), 0]);
      expect(symbols.slice(length).every((symbol) => symbol === 0)).toBe(true);
      const depths = Array.from(text, (_, t) => rest(text.slice(0, t + 1)).length);
      expect(Math.max(...depths)).toBeLessThanOrEqual(depth);
      deepest.add(Math.max(...depths));
      // What may follow: a bracket that leaves a beginning of the language, or the end where nothing is open.
      for (let t = 0; t < even; t++) {
        const may = Array.from({ length: 2 * kinds + 1 }, (_, symbol) => {
          if (t >= length) return 0;
          if (symbol === 0) return depths[t] === 0 ? 1 : 0;
          const bracket = symbol <= kinds ? pairs[2 * (symbol - 1)] : pairs[2 * (symbol - kinds - 1) + 1];
          const open = rest(text.slice(0, t + 1) + bracket);
          return /[)\]}]/.test(open) || open.length > depth ? 0 : 1;
        });
        expect(row(legal, i * even + t, 2 * kinds + 1)).toEqual(may);
      }
    });
    expect(Math.max(...seen)).toBe(even);
    expect(seen.size).toBe((even - shortest) / 2 + 1);
    expect(Math.max(...deepest)).toBeGreaterThanOrEqual(reached);
  });
});

test.each<[() => unknown, string]>([
  [() => reverseString({ time: 0 }), "reverseString: time must be an integer >= 1, got 0"],
  [() => reverseString({ time: 3, shortest: 4 }), "reverseString: shortest must be at most the time of 3 steps, got 4"],
  [() => duplicateString({ time: 3, symbols: 1 }), "duplicateString: symbols must be an integer >= 2, got 1"],
  [() => duplicateString(Object({ time: 3, seed: 4 })), "duplicateString: unknown option seed; did you mean key?"],
  [() => modularArithmetic({ time: 3, modulus: 1 }), "modularArithmetic: modulus must be an integer >= 2, got 1"],
  [() => modularArithmetic({ time: 3, operators: [] }), "modularArithmetic: operators must be a list of different"],
  [() => modularArithmetic(Object({ time: 3, operators: ["/"] })), "modularArithmetic: unknown operator /"],
  [() => dyck({ time: 1 }), "dyck: time must be at least 2, one pair of brackets, got 1"],
  [() => dyck({ time: 4, kinds: 0 }), "dyck: kinds must be an integer >= 1, got 0"],
  [() => dyck({ time: 4, depth: 0 }), "dyck: depth must be an integer >= 1, got 0"],
])("refuses %s", (make, message) => {
  expect(make).toThrow(message);
});
