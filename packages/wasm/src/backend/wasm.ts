import { type Passes, passNames } from "@sluice/compiler";
import { type Backend, checkOptions, TensorError } from "@sluice/tensor";
import { away, here, type Host, team } from "../hosts/index.ts";
import { canShare, mayBlock } from "../threads/index.ts";
import { DEFAULT_TILE, UNPAIRED_TILE } from "../gemm/index.ts";
import { wasmExecutable } from "./executable.ts";
import { pairVectors } from "../revectorize.ts";

export interface WasmOptions {
  /**
   * Threads that share the work; results do not depend on it. Default 1; also 1 in a page that is not cross-origin isolated. In a page all of them are workers; elsewhere this thread is one
   * of them, and busy while a program runs.
   */
  readonly threads?: number;
  /** Whether V8 may pair vectors of 128 bits (Node 24 and newer). Faster; results do not depend on it. Default true. */
  readonly revectorize?: boolean;
  /** What the compiler leaves out, to measure what it gains: `{ hoist: false, fuse: false }`. Results may differ in the last bits. Default: nothing. */
  readonly passes?: Passes;
}

/** The default backend: programs become WebAssembly modules. f32, i32 and bool; the same bits on every machine and with any number of threads. */
export function wasm(options: WasmOptions = {}): Backend {
  return wasmBackend(options, {});
}

/** For tests, which divide small work too, and have a page's host elsewhere. */
interface Internals {
  readonly worthDividing?: number;
  readonly host?: Host;
}

export function wasmBackend(options: WasmOptions, internals: Internals): Backend {
  checkOptions("wasm", options, ["threads", "revectorize", "passes"]);
  const { threads = 1, revectorize = true, passes = {} } = options;
  checkOptions("wasm: passes", passes, passNames);
  if (!Number.isInteger(threads) || threads < 1) throw new TensorError(`wasm: expected threads to be an integer >= 1, got ${threads}`);
  const { host = hostFor(threads), ...dividing } = internals;
  const context = { tile: pairVectors(revectorize) ? DEFAULT_TILE : UNPAIRED_TILE, host, passes, ...dividing };
  let open = true;
  return {
    name: "wasm",
    async compile(program, compileOptions = {}) {
      if (!open) throw new Error("wasm: the backend was closed");
      return wasmExecutable(program, compileOptions, context);
    },
    async close() {
      open = false;
      await host.close();
    },
  };
}

function hostFor(threads: number): Host {
  if (threads > 1 && canShare()) return team(threads);
  return mayBlock() ? here() : away();
}
