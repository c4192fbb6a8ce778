/** What this thread may do, and what the machine has. */

/**
 * A module of Node's, where this is Node or something like it. Asked for at run time, so that bundlers for browsers
 * find nothing to resolve.
 */
function builtin<T>(get: (process: NodeJS.Process) => T | undefined): T | undefined {
  try {
    return typeof process === "object" && process !== null ? get(process) : undefined;
  } catch {
    return undefined;
  }
}

export function workerThreads(): typeof import("node:worker_threads") | undefined {
  return builtin((process) => process.getBuiltinModule?.("node:worker_threads"));
}

/**
 * Whether this thread may sleep or compute for long: any in Node, Deno and Bun, and workers in a browser, but not a
 * page.
 */
export function mayBlock(): boolean {
  return workerThreads() !== undefined || !("document" in globalThis);
}

/**
 * Whether a thread that sleeps can learn that a worker is gone ({@link Thread.gone}). Only Node tells without a turn of
 * the event loop.
 */
export function noticesLosses(): boolean {
  const { node, deno, bun } = builtin(({ versions }) => versions as Readonly<Record<string, string | undefined>>) ?? {};
  return workerThreads() !== undefined && node !== undefined && deno === undefined && bun === undefined;
}

/**
 * Why memory cannot be shared among threads; undefined where it can: everywhere in Node, and in a page that is
 * cross-origin isolated.
 */
export function whyNotShared(): string | undefined {
  if (typeof SharedArrayBuffer === "function" && (workerThreads() !== undefined || globalThis.crossOriginIsolated))
    return undefined;
  const headers = "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  return `a page shares memory among threads only where it is cross-origin isolated; serve it with ${headers}`;
}

/** How many threads the machine runs at the same time; undefined where it does not say. */
export function processors(): number | undefined {
  const count =
    builtin((process) => process.getBuiltinModule?.("node:os").availableParallelism()) ??
    globalThis.navigator?.hardwareConcurrency;
  return Number.isInteger(count) && count > 0 ? count : undefined;
}
