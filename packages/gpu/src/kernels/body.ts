import type { Scalar } from "./scalar.ts";
import { divisions } from "./division.ts";
import { keyOf, variable, type Index } from "./position.ts";

/**
 * Writes the source of one kernel, a function of gpu.js's subset of JavaScript: constants and blocks, each value
 * computed once in the innermost block that needs it. Every size is a literal, since a loop's bound that is an argument
 * ends silently at `loopMaxIterations`.
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
  /** `write` in a loop from `start` in steps of `step`, as often as the counter is below `end`. */
  loop(start: number, end: number, step: number, write: (k: Index) => void): void;
  /** A whole number in a name, as an index. */
  index(name: string): Index;
  /** Rounded down to whole numbers; `below`, where it is known, is larger than it. */
  quotient(index: Index, divisor: number, below?: number): Index;
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
  /** The counter, where this is a loop. */
  readonly counter?: string;
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

/** `threads`: how many run it, where that is known. */
export function kernelBody(threads = Infinity): KernelBody {
  const arrays: number[] = [];
  const positions = new Set<number>();
  const divided = divisions();
  divided.limit("i", threads);
  const ids = new Map<object, number>();
  const scopes: Scope[] = [{ known: new Map([["index i", "i"]]), shared: new Map(), lines: [], indent: "  " }];
  let names = 0;
  let statements = 0;
  /** The scope that is written to, and those around it. */
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

  /** Writes in front of the loops that change nothing in it. */
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
 * WGSL and GLSL let a device be off by 2.5 units in the last place of a division, so a quotient that should be whole
 * may come out just below and lose one.
 */

/** Below it a half that is added to the dividend keeps the quotient further from any whole number than that. */
const SMALL = 524_288;

function smallQuotient(body: KernelBody, dividend: string, divisor: number): string {
  return body.define(`exact ${dividend}/${divisor}`, () => `Math.floor((${dividend} + 0.5) / ${literal(divisor)})`);
}

/**
 * Below 2^24 2.5 units are at most 1.25, so 1.5 less is too low by 3 at most, and by how much the rest, which is exact,
 * tells.
 */
function exactQuotient(body: KernelBody, dividend: string, divisor: number): string {
  const n = literal(divisor);
  const low = body.define(`low ${dividend}/${divisor}`, () => `Math.max(Math.floor(${dividend} / ${n} - 1.5), 0.0)`);
  const rest = body.define(`rest ${dividend}/${divisor}`, () => `${dividend} - ${low} * ${n}`);
  const missing = `${rest} < ${n} ? 0.0 : (${rest} < ${literal(2 * divisor)} ? 1.0 : (${rest} < ${literal(3 * divisor)} ? 2.0 : 3.0))`;
  return body.define(`exact ${dividend}/${divisor}`, () => `${low} + (${missing})`);
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
