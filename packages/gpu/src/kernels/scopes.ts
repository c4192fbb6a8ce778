import { nth } from "@sluice/tensor/internal";
import type { Scalar } from "./scalar.ts";

/** The blocks of a kernel while it is written, each inside the one before it. */
export interface Scopes {
  /** Writes a line into the innermost block. */
  line(code: string): void;
  /** Writes `head { ... }` around what `write` writes. `counter` is the loop counter, if it is a loop. */
  open(head: string, write: () => void, counter?: string): void;
  /** Writes before the outermost loop inside level `needed`. */
  outside<T>(needed: number, write: () => T): T;
  /** Names a value, for as long as the innermost block is open. */
  know(key: string, name: string): void;
  /** The name of a value in the block that is written or in one around it. */
  find(key: string): string | undefined;
  /** The level of the innermost block that names a value: 0 is the kernel itself, -1 if none does. */
  levelOf(key: string): number;
  /** The value of a key, computed in the innermost block unless an open block has it. */
  shared(key: string, write: () => Scalar): Scalar;
  /** The lines of the kernel, and how many statements they are. */
  written(): { readonly lines: readonly string[]; readonly statements: number };
}

interface Scope {
  /** The counter, if this is a loop. */
  readonly counter: string | undefined;
  readonly known: Map<string, string>;
  readonly shared: Map<string, Scalar>;
  readonly lines: string[];
  readonly indent: string;
}

function newScope(indent: string, counter?: string): Scope {
  return { counter, known: new Map(), shared: new Map(), lines: [], indent };
}

export function newScopes(): Scopes {
  const outermost = newScope("  ");
  const scopes = [outermost];
  let statements = 0;
  /** The level of the block that is being written. */
  let level = 0;
  const inner = (): Scope => nth(scopes, level);
  const levelOf = (key: string): number => scopes.findLastIndex(({ known }, at) => at <= level && known.has(key));
  return {
    line(code) {
      statements++;
      inner().lines.push(inner().indent + code);
    },
    open(head, write, counter) {
      const outer = inner();
      const scope = newScope(`${outer.indent}  `, counter);
      scopes.push(scope);
      level++;
      write();
      level--;
      scopes.pop();
      outer.lines.push(`${outer.indent}${head} {`, ...scope.lines, `${outer.indent}}`);
    },
    outside(needed, write) {
      const loop = scopes.findIndex(({ counter }, at) => at > needed && at <= level && counter !== undefined);
      if (loop < 0) return write();
      const before = level;
      level = loop - 1;
      const result = write();
      level = before;
      return result;
    },
    know(key, name) {
      inner().known.set(key, name);
    },
    find: (key) => scopes[levelOf(key)]?.known.get(key),
    levelOf,
    shared(key, write) {
      const found = scopes.findLast(({ shared }) => shared.has(key))?.shared.get(key);
      if (found !== undefined) return found;
      const value = write();
      inner().shared.set(key, value);
      return value;
    },
    written: () => ({ lines: outermost.lines, statements }),
  };
}
