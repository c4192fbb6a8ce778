/*
 * V8's flags belong to the whole process, and some of them do not go together. Without Liftoff but with `wasm-deopt`,
 * which is on from V8 14 (Node 25), V8 ends the process as soon as it optimizes a function: it then needs the feedback
 * that only Liftoff's code collects. So no flag of the compilers' is changed here. A function that has to be optimized
 * now runs in Liftoff first, as always, uses up its budget at once, and is optimized within that call. V8's own tests
 * do the same.
 *
 * This is the only file that sets a flag; lint refuses it elsewhere.
 */

/**
 * V8, where it is Node that runs on it: its version (`13.6.233`, without what Node added to it) and how its flags are
 * set.
 */
export interface NodeV8 {
  readonly version: string;
  set(flag: string): void;
}

/** V8's default for `wasm-tiering-budget`, in all versions so far. */
const BUDGET = 13_000_000;

/**
 * Undefined elsewhere: in browsers, in Deno and Electron, whose V8 is another, and in Bun, which has none but gives
 * itself the version of Node's.
 */
export function nodeV8(): NodeV8 | undefined {
  const module = typeof process === "object" ? process.getBuiltinModule?.("node:v8") : undefined;
  if (module === undefined || process.versions["bun"] !== undefined) return undefined;
  const version = /^(\d+\.\d+\.\d+)\.\d+-node\.\d+$/.exec(process.versions.v8)?.[1];
  return version === undefined ? undefined : { version, set: (flag) => module.setFlagsFromString(flag) };
}

/**
 * Whether WebAssembly functions that are instantiated from now on are optimized in their first call, so that each later
 * call runs what the optimizing compiler made.
 */
export function optimizeAtOnce(v8: NodeV8, on: boolean): void {
  const asked = process.execArgv
    .map((argument) => /^--wasm[-_]tiering[-_]budget=(\d+)$/.exec(argument)?.[1])
    .find((budget) => budget !== undefined);
  v8.set(on ? "--wasm-sync-tier-up" : "--no-wasm-sync-tier-up");
  v8.set(`--wasm-tiering-budget=${on ? 1 : (asked ?? BUDGET)}`);
}
