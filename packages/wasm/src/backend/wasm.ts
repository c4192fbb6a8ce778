import { type Passes, passNames } from "@sluice/compiler";
import { type Backend, TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { away, here, type Host, team } from "../hosts/index.ts";
import { mayBlock, processors, whyNotShared } from "../threads/index.ts";
import type { MultiplyAddMode } from "../assembler/index.ts";
import { fastestTiles } from "../gemm/index.ts";
import { wasmExecutable } from "./executable.ts";
import { type Pairing, pairVectors } from "../pairing.ts";
import { checkMultiplyAdd } from "../relaxed.ts";

/** Options of {@link wasm}. */
export interface WasmOptions {
  /**
   * How many threads share the work. Results do not depend on it. Default 1. The backend uses at most as many as the
   * machine has processors, and only 1 in a page that is not cross-origin isolated; its `threads` says how many and
   * why. In Node the calling thread is one of them and is busy while a program runs. Elsewhere, several threads are all
   * workers. In a page even a single one is.
   */
  readonly threads?: number;
  /**
   * Uses as many threads as asked for, even more than the machine has processors. That makes everything slower; it is
   * for tests. Default false.
   */
  readonly oversubscribe?: boolean;
  /**
   * The URL of the file `@sluice/wasm/worker`, served from the page's origin, for pages whose Content-Security-Policy
   * forbids `blob:` workers. `false`: no workers; programs run on the calling thread, which is busy meanwhile. Default:
   * a `blob:` URL. Node, Deno and Bun need no file.
   */
  readonly worker?: string | { readonly href: string } | false;
  /**
   * Whether V8 may pair 128-bit vectors, which is faster and does not change results. It does so only in versions of
   * Node that this was tested with (from 24 on, on x64). V8 has one setting per process: the backend made last decides
   * for all code optimized from then on. Default true.
   */
  readonly pairing?: boolean;
  /**
   * How products, and the functions `exp`, `expm1`, `tanh`, `sigmoid` and `erf`, multiply and add. `separate`: by two
   * instructions that each round, so results have the same bits everywhere. `relaxed`: by one instruction, which is
   * faster where the processor has it (x64 with FMA3, ARM64). It rounds once there and twice elsewhere, so results may
   * have other bits on another processor. Default `separate`.
   */
  readonly multiplyAdd?: MultiplyAddMode;
  /**
   * Compiler passes to switch off, to measure their effect: `{ hoist: false, fuse: false }`. Results may differ in the
   * last bits. Default: none.
   */
  readonly passes?: Passes;
}

/** How many threads were asked for, and how many are used. */
export interface Threads {
  readonly asked: number;
  readonly used: number;
  /** Why fewer are used. */
  readonly reason?: string;
}

/** The WebAssembly backend, with the options that a runtime may not be able to follow. */
export interface WasmBackend extends Backend {
  /** Whether V8 pairs vectors, and if not, why. */
  readonly pairing: Pairing;
  readonly threads: Threads;
  /** How products multiply and add. */
  readonly multiplyAdd: MultiplyAddMode;
}

/**
 * Makes the default backend, which compiles programs to WebAssembly. It supports f32, i32 and bool. Results have the
 * same bits on every machine and with any number of threads, unless `multiplyAdd` is `relaxed`: then only with any
 * number of threads. Throws a TensorError if an option is unknown, `threads` is not a positive integer, or `multiplyAdd`
 * is something that the engine does not support.
 */
export function wasm(options: WasmOptions = {}): WasmBackend {
  return wasmBackend(options, {});
}

/** For tests: divides even small work, has small caches, and runs programs on a page's host in Node. @internal */
interface Internals {
  readonly worthDividing?: number;
  readonly cacheBytes?: number;
  readonly host?: Host;
}

/** @internal */
export function wasmBackend(options: WasmOptions, internals: Internals): WasmBackend {
  checkOptions("wasm", options, ["threads", "oversubscribe", "worker", "pairing", "multiplyAdd", "passes"]);
  const { threads: asked = 1, pairing: wanted = true, multiplyAdd = "separate", passes = {} } = options;
  checkOptions("wasm: passes", passes, passNames);
  if (!Number.isInteger(asked) || asked < 1)
    throw new TensorError(`wasm: expected threads to be an integer >= 1, got ${shown(asked)}`);
  checkMultiplyAdd(multiplyAdd);
  const worker = workerOf(options);
  const threads = threadsFor(asked, options);
  const { host = hostFor(threads.used, worker), ...dividing } = internals;
  const pairing = pairVectors(wanted);
  const tile = fastestTiles[multiplyAdd][pairing.used ? "paired" : "unpaired"];
  const context = { tile, multiplyAdd, host, passes, ...dividing };
  let open = true;
  return {
    ...described[multiplyAdd],
    threads,
    pairing,
    multiplyAdd,
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

/** What a backend says about itself. */
const described: Readonly<Record<MultiplyAddMode, Pick<Backend, "name" | "varies">>> = {
  separate: { name: "wasm" },
  relaxed: {
    name: "wasm relaxed",
    varies: "multiplyAdd is relaxed, so some processors round a product and its sum once, others twice",
  },
};

function threadsFor(asked: number, { worker, oversubscribe = false }: WasmOptions): Threads {
  const fewer = (used: number, reason: string): Threads => ({ asked, used, reason });
  if (asked === 1) return { asked, used: 1 };
  if (worker === false) return fewer(1, "programs run on the calling thread (worker: false)");
  const alone = whyNotShared();
  if (alone !== undefined) return fewer(1, alone);
  const most = oversubscribe ? asked : (processors() ?? asked);
  if (asked <= most) return { asked, used: asked };
  return fewer(
    most,
    `the machine has ${most} ${most === 1 ? "processor" : "processors"}; more threads would only wait for each other (use them anyway with oversubscribe: true)`,
  );
}

/** The URL of the workers' file as a string. */
function workerOf({ worker }: WasmOptions): string | false | undefined {
  if (worker === undefined || worker === false || typeof worker === "string") return worker;
  if (typeof worker?.href === "string") return worker.href;
  throw new TensorError(
    `wasm: expected worker to be the URL of the file @sluice/wasm/worker, or false, got ${String(worker)}`,
  );
}

function hostFor(threads: number, worker: string | false | undefined): Host {
  if (worker === false) return here();
  if (threads > 1) return team(threads, worker);
  return mayBlock() ? here() : away(worker);
}
