import type { Scalar } from "./scalar.ts";
import { type Division, type Divisions, divisions } from "./division.ts";
import { keyOf, variable, type Index } from "./position.ts";
import { newScopes, type Scopes } from "./scopes.ts";

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
  const ids = new Map<object, number>();
  const scopes = newScopes();
  const divided = divisions();
  const positions = new Set<number>();
  let names = 0;
  const newName = (kind: "v" | "k"): string => `${kind}${names++}`;

  const body: KernelBody = {
    array(buffer) {
      const at = arrays.indexOf(buffer);
      return `a${at >= 0 ? at : arrays.push(buffer) - 1}`;
    },
    define(key, code) {
      const found = scopes.find(key);
      if (found !== undefined) return found;
      const text = code();
      if (isPlain(text)) return text;
      const name = newName("v");
      scopes.line(`const ${name} = ${text};`);
      scopes.know(key, name);
      return name;
    },
    shared: scopes.shared,
    declare(start) {
      const name = newName("v");
      scopes.line(`let ${name} = ${start};`);
      return name;
    },
    line: scopes.line,
    block: (head, write) => scopes.open(head, write),
    loop(start, end, step, write) {
      const name = newName("k");
      divided.limit(name, start + Math.floor((end - 1 - start) / step) * step + 1);
      const next = step === 1 ? `${name}++` : `${name} += ${step}`;
      scopes.open(`for (let ${name} = ${start}; ${name} < ${end}; ${next})`, () => write(body.index(name)), name);
    },
    index(name) {
      scopes.know(`index ${name}`, name);
      return variable(name);
    },
    quotient: divided.quotient,
    remainder: divided.remainder,
    code: (index) => indexCode({ body, scopes, divided, positions }, index),
    id(of) {
      const known = ids.get(of) ?? ids.size;
      ids.set(of, known);
      return known;
    },
    finish: (given = "numbers") => finished(scopes, arrays, positions, given),
  };
  body.index("i");
  divided.limit("i", threads);
  return body;
}

/** The finished source, with positions passed as numbers or as arrays of one. */
function finished(
  scopes: Scopes,
  arrays: readonly number[],
  used: ReadonlySet<number>,
  given: "numbers" | "arrays",
): KernelSource {
  const positions = [...used].toSorted((a, b) => a - b);
  const numbers = given === "numbers";
  const parameters = [
    ...arrays.map((_, i) => `a${i}`),
    ...positions.map((depth) => `${numbers ? "t" : "p"}${depth}`),
  ].join(", ");
  const head = [
    "const i = this.thread.x;",
    ...(numbers ? [] : positions.map((depth) => `const t${depth} = p${depth}[0];`)),
  ];
  const { lines, statements } = scopes.written();
  const code = `function (${parameters}) {\n${head.map((line) => `  ${line}`).join("\n")}\n${lines.join("\n")}\n}`;
  return { code, arrays, positions, statements };
}

/** What the code of an index is written with. `positions` collects the depths of the loops whose positions it reads. */
interface Writing {
  readonly body: KernelBody;
  readonly scopes: Scopes;
  readonly divided: Divisions;
  readonly positions: Set<number>;
}

/** The code of an index. Writes the divisions in it that no open block has. */
function indexCode(writing: Writing, given: Index): string {
  const index = writing.divided.together(given);
  const parts = [...index.terms].map(([name, factor]) => {
    const known = nameOf(writing, name);
    return factor === 1 ? known : `${known} * ${literal(factor)}`;
  });
  if (index.constant !== 0 || parts.length === 0) parts.push(literal(index.constant));
  return parts.join(" + ");
}

/** The name of a variable of an index. A division is written before the outermost loop that does not change it. */
function nameOf(writing: Writing, name: string): string {
  const { body, scopes, divided, positions } = writing;
  const depth = depthOf(name);
  if (depth !== undefined) {
    positions.add(depth);
    return name;
  }
  const found = scopes.find(`index ${name}`);
  if (found !== undefined) return found;
  return scopes.outside(levelNeeded(writing, name), () => {
    const { of, by, quotient, isQuotient } = divisionOf(writing, name);
    const dividend = body.define(`index ${keyOf(of)}`, () => body.code(of));
    const whole =
      scopes.find(`index ${quotient}`) ??
      (divided.below(of) < SMALL ? smallQuotient : exactQuotient)(body, dividend, by);
    scopes.know(`index ${quotient}`, whole);
    if (isQuotient) return whole;
    const rest = body.define(`${dividend}%${by}`, () => `${dividend} - ${whole} * ${literal(by)}`);
    scopes.know(`index ${name}`, rest);
    return rest;
  });
}

function divisionOf({ divided }: Writing, name: string): Division {
  const division = divided.find(name);
  if (division === undefined) throw new Error(`gpu: ${name} is neither in scope nor a quotient or remainder`);
  return division;
}

/** The innermost level that a variable depends on. */
function levelNeeded(writing: Writing, name: string): number {
  const at = writing.scopes.levelOf(`index ${name}`);
  if (at >= 0 || depthOf(name) !== undefined) return Math.max(at, 0);
  return Math.max(...[...divisionOf(writing, name).of.terms.keys()].map((of) => levelNeeded(writing, of)));
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
