import type { Scalar } from "./scalar.ts";
import { divisions } from "./division.ts";
import { keyOf, variable, type Index } from "./position.ts";

/**
 * Writes the source of one kernel, a function in gpu.js's subset of JavaScript. It consists of constants and blocks;
 * each value is computed once, in the innermost block that needs it. Every loop bound is a literal, because gpu.js
 * silently stops a loop with a variable bound at `loopMaxIterations`.
 */
export interface KernelBody {
  /** The name of the array that holds a buffer. */
  array(buffer: number): string;
  /** A name for the value of `code`. Code with the same key is not computed again if its name is in scope. */
  define(key: string, code: () => string): string;
  /** Like `define` for a value written in several lines. */
  shared(key: string, write: () => Scalar): Scalar;
  /** Declares a variable that may be assigned to. */
  declare(start: string): string;
  line(code: string): void;
  /** Writes `head { ... }` around what `write` writes. */
  block(head: string, write: () => void): void;
  /** Writes a loop whose counter runs from `start` in steps of `step` while it is below `end`. */
  loop(start: number, end: number, step: number, write: (k: Index) => void): void;
  /** The named whole number as an index. */
  index(name: string): Index;
  /** The quotient rounded down. If `below` is given, the quotient is less than it. */
  quotient(index: Index, divisor: number, below?: number): Index;
  remainder(index: Index, divisor: number): Index;
  /** The code of an index. */
  code(index: Index): string;
  /** A number for an object, to make keys unique. */
  id(of: object): number;
  /**
   * The finished source. `positions` says whether a loop position is passed as a number (default) or as an array of
   * one.
   */
  finish(positions?: "numbers" | "arrays"): KernelSource;
}

export interface KernelSource {
  readonly code: string;
  /** The buffers, in the order of the arguments. */
  readonly arrays: readonly number[];
  /** The depths of the loops whose positions are the arguments after the buffers. */
  readonly positions: readonly number[];
  /** The number of statements, a measure of how long gpu.js takes to translate it. */
  readonly statements: number;
}

interface Scope {
  /** The counter, if this is a loop. */
  readonly counter?: string;
  readonly known: Map<string, string>;
  readonly shared: Map<string, Scalar>;
  readonly lines: string[];
  readonly indent: string;
}

/** The thread number. */
export const thread = variable("i");

/** The position in the loop at a depth. It is an argument of the kernel. */
export function positionAt(depth: number): Index {
  return variable(`t${depth}`);
}

function depthOf(name: string): number | undefined {
  return /^t\d+$/.test(name) ? Number(name.slice(1)) : undefined;
}

/** An empty kernel. `threads` is the number of threads that will run it, if known. */
export function kernelBody(threads = Infinity): KernelBody {
  const arrays: number[] = [];
  const positions = new Set<number>();
  const divided = divisions();
  divided.limit("i", threads);
  const ids = new Map<object, number>();
  const scopes: Scope[] = [{ known: new Map([["index i", "i"]]), shared: new Map(), lines: [], indent: "  " }];
  let names = 0;
  let statements = 0;
  /** The depth of the scope that is being written. */
  let level = 0;
  const inner = (): Scope => scopes[level]!;
  const levelOf = (key: string): number => scopes.findLastIndex(({ known }, at) => at <= level && known.has(key));
  const find = (key: string): string | undefined => scopes[levelOf(key)]?.known.get(key);

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
    block: (head, write) => open(head, write),
    loop(start, end, step, write) {
      const name = `k${names++}`;
      divided.limit(name, start + Math.floor((end - 1 - start) / step) * step + 1);
      open(
        `for (let ${name} = ${start}; ${name} < ${end}; ${step === 1 ? `${name}++` : `${name} += ${step}`})`,
        () => write(body.index(name)),
        name,
      );
    },
    index(name) {
      inner().known.set(`index ${name}`, name);
      return variable(name);
    },
    quotient: divided.quotient,
    remainder: divided.remainder,
    code(given) {
      const index = divided.together(given);
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
      const parameters = [
        ...arrays.map((_, i) => `a${i}`),
        ...depths.map((depth) => `${numbers ? "t" : "p"}${depth}`),
      ].join(", ");
      const lines = [
        "const i = this.thread.x;",
        ...(numbers ? [] : depths.map((depth) => `const t${depth} = p${depth}[0];`)),
      ];
      const code = `function (${parameters}) {\n${lines.map((line) => `  ${line}`).join("\n")}\n${scopes[0]!.lines.join("\n")}\n}`;
      return { code, arrays, positions: depths, statements };
    },
  };

  const open = (head: string, write: () => void, counter?: string): void => {
    const outer = inner();
    scopes.push({
      ...(counter === undefined ? {} : { counter }),
      known: new Map(),
      shared: new Map(),
      lines: [],
      indent: `${outer.indent}  `,
    });
    level++;
    write();
    level--;
    const { lines } = scopes.pop()!;
    outer.lines.push(`${outer.indent}${head} {`, ...lines, `${outer.indent}}`);
  };

  const nameOf = (name: string): string => {
    const depth = depthOf(name);
    if (depth !== undefined) {
      positions.add(depth);
      return name;
    }
    const found = find(`index ${name}`);
    if (found !== undefined) return found;
    return outside(levelNeeded(name), () => {
      const { of, by, quotient, isQuotient } = divided.find(name)!;
      const dividend = body.define(`index ${keyOf(of)}`, () => body.code(of));
      const whole =
        find(`index ${quotient}`) ?? (divided.below(of) < SMALL ? smallQuotient : exactQuotient)(body, dividend, by);
      inner().known.set(`index ${quotient}`, whole);
      if (isQuotient) return whole;
      const rest = body.define(`${dividend}%${by}`, () => `${dividend} - ${whole} * ${literal(by)}`);
      inner().known.set(`index ${name}`, rest);
      return rest;
    });
  };

  /** The innermost level that a variable depends on. */
  const levelNeeded = (name: string): number => {
    const at = levelOf(`index ${name}`);
    if (at >= 0 || depthOf(name) !== undefined) return Math.max(at, 0);
    return Math.max(...[...divided.find(name)!.of.terms.keys()].map(levelNeeded));
  };

  /** Writes before the outermost loop that does not change the value. */
  const outside = <T>(needed: number, write: () => T): T => {
    const loop = scopes.findIndex(({ counter }, at) => at > needed && at <= level && counter !== undefined);
    if (loop < 0) return write();
    const before = level;
    level = loop - 1;
    const result = write();
    level = before;
    return result;
  };
  return body;
}

/*
 * WGSL and GLSL allow a division an error of 2.5 units in the last place. So a quotient that should be a whole number
 * may come out slightly below it, and rounding down would lose one.
 */

/**
 * For dividends below this, adding 0.5 to the dividend keeps the quotient further from every whole number than that
 * error.
 */
const SMALL = 524_288;

function smallQuotient(body: KernelBody, dividend: string, divisor: number): string {
  return body.define(`exact ${dividend}/${divisor}`, () => `Math.floor((${dividend} + 0.5) / ${literal(divisor)})`);
}

/**
 * For dividends below 2^24, in three steps. Estimate: the quotient is off by at most 1.25 (2.5 units), so rounding it
 * down after subtracting 1.5 gives a value at most 3 too low, never too high. Remainder: it is exact. Correction: the
 * remainder tells whether to add 0, 1, 2 or 3.
 */
function exactQuotient(body: KernelBody, dividend: string, divisor: number): string {
  const n = literal(divisor);
  const low = body.define(`low ${dividend}/${divisor}`, () => `Math.max(Math.floor(${dividend} / ${n} - 1.5), 0.0)`);
  const rest = body.define(`rest ${dividend}/${divisor}`, () => `${dividend} - ${low} * ${n}`);
  const missing = `${rest} < ${n} ? 0.0 : (${rest} < ${literal(2 * divisor)} ? 1.0 : (${rest} < ${literal(3 * divisor)} ? 2.0 : 3.0))`;
  return body.define(`exact ${dividend}/${divisor}`, () => `${low} + (${missing})`);
}

/** A finite number as a float literal. */
export function literal(value: number): string {
  const text = String(Math.abs(value));
  const float = /[.e]/.test(text) ? text : `${text}.0`;
  return value < 0 || Object.is(value, -0) ? `(-${float})` : float;
}

/** Whether the text is a name or a literal, so that it needs no name of its own. */
function isPlain(text: string): boolean {
  return /^\(?-?[\w.]+(?:e[+-]\d+)?\)?$/.test(text);
}
