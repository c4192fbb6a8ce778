import type { Backend } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

/** The backend that trials train on: WebAssembly, with the threads that the trial was given. Results do not depend on the number of threads. The caller closes it. */
export function trialBackend({ threads }: { readonly threads: number }): Backend {
  return wasm({ threads });
}

/** Calls `use` with the backend that was given, or with WebAssembly, which is closed afterwards. */
export async function withBackend<R>(given: Backend | undefined, use: (backend: Backend) => Promise<R>): Promise<R> {
  const backend = given ?? wasm();
  try {
    return await use(backend);
  } finally {
    if (given === undefined) await backend.close();
  }
}
