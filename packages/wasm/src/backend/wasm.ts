import type { Backend } from "@sluice/tensor";
import { TensorError } from "@sluice/tensor";
import { canShare, createPool } from "../threads/index.ts";
import { DEFAULT_TILE, UNPAIRED_TILE } from "../gemm/index.ts";
import { wasmExecutable } from "./executable.ts";
import { memoryPool } from "./memory-pool.ts";
import { pairVectors } from "../revectorize.ts";

export interface WasmOptions {
  /** Threads that share the work; results do not depend on it. Default 1; also 1 in a page that is not cross-origin isolated. */
  readonly threads?: number;
  /** Whether V8 may pair vectors of 128 bits (Node 24 and newer). Faster; results do not depend on it. Default true. */
  readonly revectorize?: boolean;
}

/** The default backend: programs become WebAssembly modules. f32, i32 and bool; the same bits on every machine and with any number of threads. */
export function wasm(options: WasmOptions = {}): Backend {
  return wasmBackend(options, {});
}

/** `worthDividing`: for tests, which divide small work too. */
export function wasmBackend({ threads = 1, revectorize = true }: WasmOptions, internals: { readonly worthDividing?: number }): Backend {
  if (!Number.isInteger(threads) || threads < 1) throw new TensorError(`wasm: expected threads to be an integer >= 1, got ${threads}`);
  const paired = pairVectors(revectorize);
  const pool = createPool({ threads: canShare() ? threads : 1 });
  const memories = memoryPool({ shared: pool.threads > 1 });
  let open = true;
  return {
    name: "wasm",
    async compile(program, options = {}) {
      if (!open) throw new Error("wasm: the backend was closed");
      return wasmExecutable(program, options, { tile: paired ? DEFAULT_TILE : UNPAIRED_TILE, memories, pool, ...internals });
    },
    async close() {
      open = false;
      await pool.close();
    },
  };
}
