import type { Scalar } from "./scalar.ts";
import { fixed, keyOf, plus, times, variable, type Index } from "./position.ts";

/**
 * Writes the source of one kernel, a function of gpu.js's subset of JavaScript: constants and blocks, each value computed once in the innermost block that needs it.
 * Every size is a literal, since a loop's bound that is an argument ends silently at `loopMaxIterations`.
 */
export interface KernelBody {
  /** The name of the array that holds a buffer. */
  array(buffer: number): string;
  /** Names the value of `code`; what has the same key and is in reach is not computed again. */
  define(key: string, code: () => string): string;
  /** What has the same key and is in reach is not written again. */
  shared(key: string, write: () => Scalar): Scalar;
  /** A variable that changes. */
  declare(start: string): string;
  line(code: string): void;
  /** `head { ... }` with what `write` writes. */
  block(head: string, write: () => void): void;
  /** A counter of its own for a loop, and its index. */
  counter(): { readonly name: string; readonly index: Index };
  /** A whole number in a name, as an index. */
  index(name: string): Index;
  /** Rounded down to whole numbers. */
  quotient(index: Index, divisor: number): Index;
  /** A variable of its own: `index - quotient * divisor`, multiplied by a stride, would leave the range in which floats are exact on the way to a small sum. */
  remainder(index: Index, divisor: number): Index;
  /** An index as code. */
  code(index: Index): string;
  /** Keeps names unique among tensors. */
  id(of: object): number;
  /** `positions`: whether those of loops are given as numbers, the default, or as arrays of one. */
  finish(positions?: "numbers" | "arrays"): KernelSource;
}

export interface KernelSource {
  readonly code: string;
  /** Buffers in the order of the arguments. */
  readonly arrays: readonly number[];
  /** Depths of the loops whose positions follow them. */
  readonly positions: readonly number[];
  /** Statements, a measure of how long gpu.js takes to translate it. */
  readonly statements: number;
}

interface Scope {
  readonly known: Map<string, string>;
  readonly shared: Map<string, Scalar>;
  readonly lines: string[];
  readonly indent: string;
}

/** The number of the thread. */
export const thread = variable("i");

/** The position in the loop at a depth: an argument of the kernel. */
export function positionAt(depth: number): Index {
  return variable(`t${depth}`);
}

function depthOf(name: string): number | undefined {
  return /^t\d+$/.test(name) ? Number(name.slice(1)) : undefined;
}

export function kernelBody(): KernelBody {
  const arrays: number[] = [];
  const positions = new Set<number>();
  const divisions = new Map<string, { readonly of: Index; readonly by: number; readonly quotient: string; readonly isQuotient: boolean }>();
  const ids = new Map<object, number>();
  const scopes: Scope[] = [{ known: new Map([["index i", "i"]]), shared: new Map(), lines: [], indent: "  " }];
  let names = 0;
  let statements = 0;
  const inner = (): Scope => scopes.at(-1)!;
  const find = (key: string): string | undefined => scopes.findLast(({ known }) => known.has(key))?.known.get(key);

  const body: KernelBody = {
    array(buffer) {
      const at = arrays.indexOf(buffer);
      return `a${at >= 0 ? at : arrays.push(buffer) - 1}`;
    },
    define(key, code) {
      const found = find(key);
      if (found !== undefined) return found;
      const text = code();
      if (isPlain(text)) return text;
      const name = `v${names++}`;
      body.line(`const ${name} = ${text};`);
      inner().known.set(key, name);
      return name;
    },
    shared(key, write) {
      const found = scopes.findLast(({ shared }) => shared.has(key))?.shared.get(key);
      if (found !== undefined) return found;
      const value = write();
      inner().shared.set(key, value);
      return value;
    },
    declare(start) {
      const name = `v${names++}`;
      body.line(`let ${name} = ${start};`);
      return name;
    },
    line(code) {
      statements++;
      inner().lines.push(inner().indent + code);
    },
    block(head, write) {
      const outer = inner();
      scopes.push({ known: new Map(), shared: new Map(), lines: [], indent: `${outer.indent}  ` });
      write();
      const { lines } = scopes.pop()!;
      outer.lines.push(`${outer.indent}${head} {`, ...lines, `${outer.indent}}`);
    },
    counter() {
      const name = `k${names++}`;
      return { name, index: body.index(name) };
    },
    index(name) {
      inner().known.set(`index ${name}`, name);
      return variable(name);
    },
    quotient(index, divisor) {
      if (divisor === 1) return index;
      return divide(index, divisor, true);
    },
    remainder(index, divisor) {
      return divisor === 1 ? fixed(0) : divide(index, divisor, false);
    },
    code(given) {
      const index = together(given);
      const parts = [...index.terms].map(([name, factor]) => {
        const known = nameOf(name);
        return factor === 1 ? known : `${known} * ${literal(factor)}`;
      });
      if (index.constant !== 0 || parts.length === 0) parts.push(literal(index.constant));
      return parts.join(" + ");
    },
    id(of) {
      const known = ids.get(of) ?? ids.size;
      ids.set(of, known);
      return known;
    },
    finish(given = "numbers") {
      const depths = [...positions].toSorted((a, b) => a - b);
      const numbers = given === "numbers";
      const parameters = [...arrays.map((_, i) => `a${i}`), ...depths.map((depth) => `${numbers ? "t" : "p"}${depth}`)].join(", ");
      const lines = ["const i = this.thread.x;", ...(numbers ? [] : depths.map((depth) => `const t${depth} = p${depth}[0];`))];
      const code = `function (${parameters}) {\n${lines.map((line) => `  ${line}`).join("\n")}\n${scopes[0]!.lines.join("\n")}\n}`;
      return { code, arrays, positions: depths, statements };
    },
  };

  const divide = (given: Index, by: number, isQuotient: boolean): Index => {
    const of = together(given);
    if (of.terms.size === 0) return fixed(isQuotient ? Math.floor(of.constant / by) : of.constant % by);
    const quotient = `(${keyOf(of)}/${by})`;
    const name = isQuotient ? quotient : `(${keyOf(of)}%${by})`;
    divisions.set(name, { of, by, quotient, isQuotient });
    return variable(name);
  };

  /** Where a quotient and the remainder of the same division stand as far apart as in the dividend, it stands for both. */
  const together = (index: Index): Index => {
    for (const [name, factor] of index.terms) {
      const division = divisions.get(name);
      if (division === undefined || division.isQuotient || index.terms.get(division.quotient) !== factor * division.by) continue;
      const others = new Map([...index.terms].filter(([other]) => other !== name && other !== division.quotient));
      return together(plus({ constant: index.constant, terms: others }, times(division.of, factor)));
    }
    return index;
  };

  const nameOf = (name: string): string => {
    const depth = depthOf(name);
    if (depth !== undefined) {
      positions.add(depth);
      return name;
    }
    const found = find(`index ${name}`);
    if (found !== undefined) return found;
    const { of, by, quotient, isQuotient } = divisions.get(name)!;
    const dividend = body.define(`index ${keyOf(of)}`, () => body.code(of));
    const whole = find(`index ${quotient}`) ?? exactQuotient(body, dividend, by);
    inner().known.set(`index ${quotient}`, whole);
    if (isQuotient) return whole;
    const given = body.define(`${dividend}%${by}`, () => `${dividend} - ${whole} * ${literal(by)}`);
    inner().known.set(`index ${name}`, given);
    return given;
  };
  return body;
}

/**
 * Graphics cards round a division by up to a few units in the last place, so a quotient that should be whole may come out just below and lose one. The half keeps away from that edge,
 * and the remainder, which is exact below 2^24, tells where a large quotient is still off by one.
 */
function exactQuotient(body: KernelBody, dividend: string, divisor: number): string {
  const n = literal(divisor);
  const guess = body.define(`guess ${dividend}/${divisor}`, () => `Math.floor((${dividend} + 0.5) / ${n})`);
  const rest = body.define(`rest ${dividend}/${divisor}`, () => `${dividend} - ${guess} * ${n}`);
  return body.define(`exact ${dividend}/${divisor}`, () => `${rest} < 0.0 ? ${guess} - 1.0 : (${rest} >= ${n} ? ${guess} + 1.0 : ${guess})`);
}

/** A finite number as a literal of a float. */
export function literal(value: number): string {
  const text = String(Math.abs(value));
  const float = /[.e]/.test(text) ? text : `${text}.0`;
  return value < 0 || Object.is(value, -0) ? `(-${float})` : float;
}

/** A name or a literal, which needs no name. */
function isPlain(text: string): boolean {
  return /^\(?-?[\w.]+(?:e[+-]\d+)?\)?$/.test(text);
}
