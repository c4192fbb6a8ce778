import { f32x4, i32, type ModuleBuilder, v128, wasmModule } from "./assembler/index.ts";
import { emitGemm, emitPack, packedBytes, panelCount } from "./gemm/index.ts";
import { exp, tanh } from "./math/index.ts";
import { nodeV8, optimizeAtOnce } from "./v8-flags.ts";

/*
 * V8's `--experimental-wasm-revectorize` pairs neighbouring 128-bit operations into 256-bit ones. Products then run two
 * to three times as fast. The feature is experimental. So it is turned on only for versions of V8 that the suite has
 * run on, and only after a check: a product and an elementwise pass must give the same bits with it and without it.
 *
 * V8 starts from two consecutive stores to neighbouring addresses, and follows back what they store. So a kernel
 * computes two vectors, with both loads before both stores, and then stores both. A store between the two loads
 * prevents the pair.
 */
const FLAG = "experimental-wasm-revectorize";

/** Whether V8 pairs 128-bit vectors and, if not, why. */
export interface Pairing {
  readonly used: boolean;
  readonly reason?: string;
}

/**
 * The versions of V8 on which the programs of `tests/runtimes.test.ts` gave the same bits with and without pairing, in
 * optimized code, on one thread and on two. Each lists the versions of Node that were tested. A build stands for all
 * its patch versions, which only backport fixes.
 */
export const shownOn: Readonly<Record<string, string>> = {
  "13.6.233": "Node 24.0.0, 24.21.0, 24.22.3",
  "14.1.146": "Node 25.0.0, 25.9.0",
  "14.6.202": "Node 26.0.0, 26.12.1",
};

const off = (reason: string): Pairing => ({ used: false, reason });

/** Flags of V8 belong to the process, so the answer is determined once. */
let answer: Pairing | undefined;

/**
 * Turns pairing on for this process if its V8 is in {@link shownOn}, the processor is x64, and the check passes.
 * Otherwise says why not. `wanted: false` turns it off again. The setting applies to everything that V8 optimizes from
 * then on, even in modules compiled before.
 */
export function pairVectors(wanted: boolean): Pairing {
  if (!wanted) {
    if (answer?.used === true) nodeV8()?.set(`--no-${FLAG}`);
    return off("it is turned off by wasm({ pairing: false })");
  }
  if (answer === undefined) answer = tryToPair();
  else if (answer.used) nodeV8()?.set(`--${FLAG}`);
  return answer;
}

function tryToPair(): Pairing {
  const v8 = nodeV8();
  if (v8 === undefined) return off("it is an experimental feature of V8 that only a program in Node can turn on");
  if (shownOn[v8.version] === undefined)
    return off(`it was not tested with V8 ${v8.version}, only with ${Object.keys(shownOn).join(", ")}`);
  if (process.arch !== "x64") return off(`it works on x64 only, and this is ${process.arch}`);
  // Only the optimizing compiler pairs vectors.
  optimizeAtOnce(v8, true);
  const plain = checkResult("plain");
  v8.set(`--${FLAG}`);
  const paired = checkResult("paired");
  optimizeAtOnce(v8, false);
  if (paired.every((bits, i) => bits === plain[i])) return { used: true };
  v8.set(`--no-${FLAG}`);
  return off("its results differed from those without pairing");
}

const [M, N, K] = [8, 48, 64];
const A = 0;
const B = A + 4 * M * K;
const PACKED = B + 4 * K * N;
const C = PACKED + packedBytes({ n: N, k: K });

/**
 * The bits of a product followed by elementwise functions, from optimized code. The name makes the module's bytes
 * differ, so that V8 compiles it again.
 */
function checkResult(name: string): Uint32Array {
  const builder = wasmModule({ memory: { initial: 1 } });
  emitPack(builder, "pack", { n: N, k: K });
  emitGemm(builder, "gemm", { n: N, k: K });
  emitFunctions(builder, name);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(builder.encode()), { env: { memory } });
  const call = (entry: string, ...args: number[]): void => {
    const f = exports[entry];
    if (typeof f === "function") f(...args);
  };
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < M * K + K * N; i++) floats[i] = (Math.imul(i + 1, 0x9e3779b1) >> 8) / 0x1000000;
  // The first call optimizes each function; the second gives the result of the optimized code.
  for (let time = 0; time < 2; time++) {
    call("pack", B, PACKED, 0, panelCount(N));
    call("gemm", 0, M, A, PACKED, C, 0);
    call(name, C, C + 4 * M * N);
  }
  return new Uint32Array(memory.buffer, C, M * N).slice();
}

/** Emits `(at, end)`: tanh(x) + exp(x) in place, 8 floats at a time. */
function emitFunctions(builder: ModuleBuilder, name: string): void {
  builder.function(name, { params: { at: "i32", end: "i32" }, export: true }, (body, { at, end }) => {
    body.repeatWhile(i32.ltU(at, end), () => {
      const results = [0, 16].map((offset) => {
        const x = body.let(v128.load(at, offset));
        return body.let(f32x4.add(tanh(x, body.multiplyAdd), exp(x, body.multiplyAdd)));
      });
      results.forEach((result, i) => body.do(v128.store(at, result, 16 * i)));
      body.set(at, i32.add(at, 32));
    });
  });
}
