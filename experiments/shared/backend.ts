import type { Backend } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

/** The backend that every study trains on. Results do not depend on the number of threads. The caller closes it. */
export function backendOf({ threads }: { readonly threads: number }): Backend {
  return wasm({ threads });
}
