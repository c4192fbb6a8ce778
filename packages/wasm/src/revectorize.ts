import { f32x4, i32, type ModuleBuilder, v128, wasmModule } from "./assembler/index.ts";
import { emitGemm, emitPack, packedBytes, panelCount } from "./gemm/index.ts";
import { exp, tanh } from "./math/index.ts";

/*
 * V8's `--experimental-wasm-revectorize` pairs neighbouring 128-bit operations into 256-bit ones; products run two to three times as fast. It is an
 * experiment of V8's, so before it is relied on, a product and an elementwise pass are run with and without it, and must have the same bits.
 *
 * It starts from two stores to neighbouring addresses, one right after the other, and goes back through what they store. So a kernel computes two vectors,
 * both loads before both stores, and then stores both; a store between the loads of the two keeps them apart.
 */
const FLAG = "experimental-wasm-revectorize";

interface Revectorization {
  enabled: boolean;
  /** Why it is not, in words. */
  reason: string;
}

const off = (reason: string): Revectorization => ({ enabled: false, reason });

/** V8's flags are the process's, so the answer is found once. */
let answer: Revectorization | undefined;

/**
 * Turns revectorization on for the modules that are compiled from now on in this process, if this is Node 24 or newer on x64 and the check passes; else says
 * why not.
 *
 * @public Tests call it in processes of their own.
 */
export function enableRevectorization(): Revectorization {
  return (answer ??= tryToEnable());
}

/** Turns it on, checked, or off again; says whether it is on. What V8 optimises from then on follows it, also of modules that were compiled before. */
export function pairVectors(wanted: boolean): boolean {
  const enabled = wanted && enableRevectorization().enabled;
  if (enabled || answer?.enabled === true) setFlag(FLAG, enabled);
  return enabled;
}

function v8(): typeof import("node:v8") | undefined {
  return typeof process === "object" ? process.getBuiltinModule?.("node:v8") : undefined;
}

function setFlag(flag: string, on: boolean): void {
  v8()?.setFlagsFromString(`--${on ? "" : "no-"}${flag}`);
}

function tryToEnable(): Revectorization {
  if (v8() === undefined) return off("it is a flag of V8's that only Node can set");
  if (Number.parseInt(process.versions.node, 10) < 24) return off(`Node ${process.versions.node} has not got it; Node 24 has`);
  if (process.arch !== "x64") return off(`it is for x64, and this is ${process.arch}`);
  // Only the optimising compiler pairs vectors; without a baseline compiler it is the one that is checked.
  setFlag("liftoff", false);
  const plain = checkResult("plain");
  setFlag(FLAG, true);
  const paired = checkResult("paired");
  setFlag("liftoff", true);
  if (paired.every((bits, i) => bits === plain[i])) return { enabled: true, reason: "" };
  setFlag(FLAG, false);
  return off("its results differed from those without it");
}

const [M, N, K] = [8, 48, 64];
const A = 0;
const B = A + 4 * M * K;
const PACKED = B + 4 * K * N;
const C = PACKED + packedBytes({ n: N, k: K });

/** Bits of a product passed through functions. The name makes another module of it, so that V8 compiles it afresh. */
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
  call("pack", B, PACKED, 0, panelCount(N));
  call("gemm", 0, M, A, PACKED, C, 0);
  call(name, C, C + 4 * M * N);
  return new Uint32Array(memory.buffer, C, M * N).slice();
}

/** Emits `(at, end)`: tanh(x) + exp(x) in place, 8 floats at a time. */
function emitFunctions(builder: ModuleBuilder, name: string): void {
  builder.function(name, { params: { at: "i32", end: "i32" }, export: true }, (body, { at, end }) => {
    body.repeatWhile(i32.ltU(at, end), () => {
      const results = [0, 16].map((offset) => {
        const x = body.let(v128.load(at, offset));
        return body.let(f32x4.add(tanh(x), exp(x)));
      });
      results.forEach((result, i) => body.do(v128.store(at, result, 16 * i)));
      body.set(at, i32.add(at, 32));
    });
  });
}
