import type { Settings } from "@sluice/study";
import type { Backend } from "@sluice/tensor";
import { wasm, type MultiplyAddMode } from "@sluice/wasm";

/** Settings that choose how a trial computes. */
export type BackendSettings = Settings & {
  /**
   * How products multiply and add, as in the options of `wasm`. With `relaxed`, results may have other bits on another
   * processor; the report says so. Default `separate`: the same bits everywhere.
   */
  readonly multiplyAdd?: MultiplyAddMode;
};

/**
 * The backend on which trials train: WebAssembly, with the trial's number of threads and what its settings say about
 * `multiplyAdd`. Results do not depend on the number of threads. The caller closes it.
 */
export function trialBackend({
  threads,
  config = {},
}: {
  readonly threads: number;
  readonly config?: BackendSettings;
}): Backend {
  const { multiplyAdd = "separate" } = config;
  return wasm({ threads, multiplyAdd });
}

/** What the outcome of a trial on a backend says about it. */
export function outcomeOn({ name, varies }: Backend): { readonly varies?: string } {
  return varies === undefined ? {} : { varies: `${name}: ${varies}` };
}

/** Calls `use` with the given backend, or with a WebAssembly backend that is closed afterwards. */
export async function withBackend<R>(given: Backend | undefined, use: (backend: Backend) => Promise<R>): Promise<R> {
  const backend = given ?? wasm();
  try {
    return await use(backend);
  } finally {
    if (given === undefined) await backend.close();
  }
}
