import type { Backend } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

/**
 * The backend on which trials train: WebAssembly, with the trial's number of threads. Results do not depend on the
 * number of threads. The caller closes it.
 */
export function trialBackend({ threads }: { readonly threads: number }): Backend {
  return wasm({ threads });
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
