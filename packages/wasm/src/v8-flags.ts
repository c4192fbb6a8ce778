/*
 * V8's flags belong to the whole process, and some do not work together. Without Liftoff but with `wasm-deopt` (on by
 * default from V8 14, Node 25), V8 crashes as soon as it optimizes a function, because it needs feedback that only
 * Liftoff's code collects. So this file changes no flag of the compilers. Instead, a function that must be optimized
 * now runs in Liftoff first, as always, uses up its budget at once, and is optimized within that call. V8's own tests
 * do the same.
 *
 * This is the only file that sets a flag; lint refuses it elsewhere.
 */

/** The V8 of Node: its version (`13.6.233`, without Node's suffix), and a function that sets a flag. */
export interface NodeV8 {
  readonly version: string;
  set(flag: string): void;
}

/** V8's default for `wasm-tiering-budget`, in all versions so far. */
const BUDGET = 13_000_000;

/**
 * Node's V8. Undefined in browsers; in Deno and Electron, which have a V8 of their own; and in Bun, which has no V8 but
 * reports the version of Node's.
 */
export function nodeV8(): NodeV8 | undefined {
  const module = typeof process === "object" ? process.getBuiltinModule?.("node:v8") : undefined;
  if (module === undefined || process.versions["bun"] !== undefined) return undefined;
  const version = /^(\d+\.\d+\.\d+)\.\d+-node\.\d+$/.exec(process.versions.v8)?.[1];
  return version === undefined ? undefined : { version, set: (flag) => module.setFlagsFromString(flag) };
}

/**
 * Turns on or off that WebAssembly functions instantiated from now on are optimized within their first call, so that
 * every later call runs optimized code.
 */
export function optimizeAtOnce(v8: NodeV8, on: boolean): void {
  const asked = process.execArgv
    .map((argument) => /^--wasm[-_]tiering[-_]budget=(\d+)$/.exec(argument)?.[1])
    .find((budget) => budget !== undefined);
  v8.set(on ? "--wasm-sync-tier-up" : "--no-wasm-sync-tier-up");
  v8.set(`--wasm-tiering-budget=${on ? 1 : (asked ?? BUDGET)}`);
}
