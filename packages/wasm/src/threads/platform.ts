/** What the platform offers. */

/**
 * A built-in module of Node, if this is Node or a compatible runtime. Loaded at run time so that bundlers for browsers
 * do not try to resolve it.
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
 * Whether this thread may sleep or compute for long: true in Node, Deno and Bun and in a browser's workers, false in a
 * page.
 */
export function mayBlock(): boolean {
  return workerThreads() !== undefined || !("document" in globalThis);
}

/**
 * Whether a sleeping thread can learn that a worker is gone ({@link Thread.gone}). Only Node reports this without a
 * turn of the event loop.
 */
export function noticesLosses(): boolean {
  const { node, deno, bun } = builtin(({ versions }) => versions as Readonly<Record<string, string | undefined>>) ?? {};
  return workerThreads() !== undefined && node !== undefined && deno === undefined && bun === undefined;
}

/**
 * Why threads cannot share memory. Undefined if they can: always in Node, and in a page that is cross-origin isolated.
 */
export function whyNotShared(): string | undefined {
  if (typeof SharedArrayBuffer === "function" && (workerThreads() !== undefined || globalThis.crossOriginIsolated))
    return undefined;
  const headers = "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  return `a page can share memory between threads only if it is cross-origin isolated; serve it with ${headers}`;
}

/** How many threads the machine can run at once. Undefined if it does not say. */
export function processors(): number | undefined {
  const count =
    builtin((process) => process.getBuiltinModule?.("node:os").availableParallelism()) ??
    globalThis.navigator?.hardwareConcurrency;
  return Number.isInteger(count) && count > 0 ? count : undefined;
}
