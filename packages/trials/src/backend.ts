import type { Backend } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

/** The backend that trials train on: WebAssembly, with the threads that the trial was given. Results do not depend on the number of threads. The caller closes it. */
export function trialBackend({ threads }: { readonly threads: number }): Backend {
  return wasm({ threads });
}
