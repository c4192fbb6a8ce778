import { fixed, keyOf, plus, times, variable, type Index } from "./position.ts";

/**
 * Quotients and remainders of indices by constants. Each becomes a variable; the kernel computes it where it is needed.
 */
export interface Divisions {
  /** The quotient rounded down. If `below` is given, the quotient is less than it. */
  quotient(index: Index, by: number, below?: number): Index;
  /**
   * The remainder, as a variable of its own. Written as `index - quotient * by` and multiplied by a stride, an
   * intermediate value could exceed the range in which floats are exact, although the final sum is small.
   */
  remainder(index: Index, by: number): Index;
  /** Replaces a quotient and a remainder of the same division by the dividend, if their factors allow it. */
  together(index: Index): Index;
  find(name: string): Division | undefined;
  /** Records that a variable is a whole number from 0 to `below` - 1. */
  limit(name: string, below: number): void;
  /** An upper bound of an index (exclusive); Infinity if unknown. */
  below(index: Index): number;
}

/** The division that a variable stands for. */
export interface Division {
  readonly of: Index;
  readonly by: number;
  readonly isQuotient: boolean;
  /** The variable of the quotient. */
  readonly quotient: string;
}

export function divisions(): Divisions {
  const known = new Map<string, Division>();
  const limits = new Map<string, number>();

  const named = (of: Index, by: number, isQuotient: boolean, limit: number): Index => {
    const quotient = `(${keyOf(of)}/${by})`;
    const name = isQuotient ? quotient : `(${keyOf(of)}%${by})`;
    known.set(name, { of, by, isQuotient, quotient });
    all.limit(name, limit);
    return variable(name);
  };

  const all: Divisions = {
    quotient(given, by, limit = Infinity) {
      if (by === 1) return given;
      const of = all.together(given);
      if (of.terms.size === 0) return fixed(Math.floor(of.constant / by));
      const parts = split(of, by, all.below);
      if (parts !== undefined) return all.quotient(parts.multiple, by / parts.g, limit);
      return named(of, by, true, Math.min(limit, Math.ceil(all.below(of) / by)));
    },
    remainder(given, by) {
      if (by === 1) return fixed(0);
      const of = all.together(given);
      if (of.terms.size === 0) return fixed(((of.constant % by) + by) % by);
      const parts = split(of, by, all.below);
      if (parts !== undefined) return plus(times(all.remainder(parts.multiple, by / parts.g), parts.g), parts.rest);
      return named(of, by, false, by);
    },
    together: (index) => joined(known, index),
    find: (name) => known.get(name),
    limit(name, value) {
      limits.set(name, Math.min(value, limits.get(name) ?? Infinity));
    },
    below({ constant, terms }) {
      let largest = constant;
      for (const [name, factor] of terms) if (factor > 0) largest += factor * ((limits.get(name) ?? Infinity) - 1);
      return largest + 1;
    },
  };
  return all;
}

/** `g * multiple + rest` with `0 <= rest < g`. */
interface Split {
  readonly g: number;
  readonly multiple: Index;
  readonly rest: Index;
}

/** An index in two parts, for the largest divisor g of `by` that admits it. */
function split(index: Index, by: number, below: (index: Index) => number): Split | undefined {
  const candidates = new Set([...index.terms.values()].map((factor) => greatestDivisor(Math.abs(factor), by)));
  for (const g of [...candidates].toSorted((a, b) => b - a)) {
    if (g === 1) continue;
    const terms = new Map([...index.terms].filter(([, factor]) => factor % g !== 0));
    const rest: Index = { constant: ((index.constant % g) + g) % g, terms };
    if ([...terms.values()].some((factor) => factor < 0) || below(rest) > g) continue;
    const whole = plus(index, times(rest, -1));
    const parts = new Map([...whole.terms].map(([name, factor]) => [name, factor / g]));
    return { g, rest, multiple: { constant: whole.constant / g, terms: parts } };
  }
  return undefined;
}

/** The index with `by * (x / by) + x % by` replaced by x. */
function joined(known: ReadonlyMap<string, Division>, index: Index): Index {
  for (const [name, factor] of index.terms) {
    const division = known.get(name);
    if (division === undefined || division.isQuotient || index.terms.get(division.quotient) !== factor * division.by)
      continue;
    const others = new Map([...index.terms].filter(([other]) => other !== name && other !== division.quotient));
    return joined(known, plus({ constant: index.constant, terms: others }, times(division.of, factor)));
  }
  return index;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
