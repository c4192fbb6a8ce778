import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shownOn } from "./pairing.ts";

const here = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** Runs a module in a process of its own, because V8's flags are the process's. */
function inProcess(code: string, args: readonly string[] = []): unknown {
  return JSON.parse(
    execFileSync(
      process.execPath,
      [
        ...args,
        "--conditions=@sluice/source",
        "--disable-warning=ExperimentalWarning",
        "--input-type=module",
        "--eval",
        code,
      ],
      { encoding: "utf8", timeout: 280_000 },
    ),
  );
}

test("is used where it was shown to work, and a backend says why not elsewhere", () => {
  const answer = inProcess(`
    import { wasm } from ${here("./index.ts")};
    console.log(JSON.stringify([wasm().pairing, wasm({ pairing: false }).pairing]));`);
  const build = process.versions.v8.split(".").slice(0, 3).join(".");
  const expected =
    process.arch === "x64" && build in shownOn
      ? { used: true }
      : { used: false, reason: expect.stringMatching(/on x64 only|not tested with V8/) as string };
  expect(answer).toEqual([expected, { used: false, reason: "it is turned off by wasm({ pairing: false })" }]);
});

test.each([
  ["a browser", "delete globalThis.process", "only a program in Node"],
  ["a page with a process of its own", "globalThis.process = {}", "only a program in Node"],
  [
    "Bun, which gives itself a version of V8",
    "process.versions = { ...process.versions, bun: '1.4.5' }",
    "only a program in Node",
  ],
  ["Deno", "process.versions = { ...process.versions, v8: '14.6.202.34-rusty' }", "only a program in Node"],
  [
    "a Node that is newer than all that were tried",
    "process.versions = { ...process.versions, v8: '15.1.23.4-node.5' }",
    "not tested with V8 15.1.23, only with 13.6.233",
  ],
  ["ARM64", "process.arch = 'arm64'", "this is arm64"],
])("is not used in %s, and no flag is touched", (_, disguise, reason) => {
  const answer = inProcess(`
    import v8 from "node:v8";
    import { pairVectors } from ${here("./pairing.ts")};
    const log = console.log;
    for (const name of ["versions", "arch"]) Object.defineProperty(process, name, { value: process[name], writable: true });
    const flags = [];
    v8.setFlagsFromString = (flag) => flags.push(flag);
    ${disguise};
    log(JSON.stringify({ flags, ...pairVectors(true) }));`);
  expect(answer).toEqual({ flags: [], used: false, reason: expect.stringContaining(reason) as string });
});

test("the compilers' own flags stay as they are, a budget given on the command line among them", () => {
  const flagsOf = (...args: string[]) =>
    inProcess(
      `
    import v8 from "node:v8";
    import { optimizeAtOnce, nodeV8 } from ${here("./v8-flags.ts")};
    const flags = [];
    v8.setFlagsFromString = (flag) => flags.push(flag);
    const node = nodeV8();
    optimizeAtOnce(node, true);
    optimizeAtOnce(node, false);
    console.log(JSON.stringify(flags));`,
      args,
    );
  const during = ["--wasm-sync-tier-up", "--wasm-tiering-budget=1"];
  expect(flagsOf()).toEqual([...during, "--no-wasm-sync-tier-up", "--wasm-tiering-budget=13000000"]);
  expect(flagsOf("--wasm-tiering-budget=500")).toEqual([
    ...during,
    "--no-wasm-sync-tier-up",
    "--wasm-tiering-budget=500",
  ]);
});

test("a function is optimized in its first call only if that is turned on", () => {
  const optimized = inProcess(
    `
    import { i32, wasmModule } from ${here("./assembler/index.ts")};
    import { nodeV8, optimizeAtOnce } from ${here("./v8-flags.ts")};
    const answers = [true, false].map((on) => {
      optimizeAtOnce(nodeV8(), on);
      const builder = wasmModule({});
      builder.function("count", { params: { i: "i32", to: "i32" }, export: true }, (body, { i, to }) => body.repeatWhile(i32.ltU(i, to), () => body.set(i, i32.add(i, on ? 1 : 2))));
      const { count } = new WebAssembly.Instance(new WebAssembly.Module(builder.encode())).exports;
      count(0, 10);
      return %IsTurboFanFunction(count);
    });
    console.log(JSON.stringify(answers));`,
    ["--allow-natives-syntax"],
  );
  expect(optimized).toEqual([true, false]);
});

test.each(["separate", "relaxed"])(
  "changes no bit of a product, of a weight gradient or of a function: %s",
  (multiplyAdd) => {
    const digest = (pairing: boolean) =>
      inProcess(`
    import { createHash } from "node:crypto";
    import { pairVectors } from ${here("./pairing.ts")};
    import { nodeV8, optimizeAtOnce } from ${here("./v8-flags.ts")};
    import { f32x4, i32, v128, wasmModule } from ${here("./assembler/index.ts")};
    import * as gemm from ${here("./gemm/index.ts")};
    import * as math from ${here("./math/index.ts")};
    pairVectors(${pairing});
    const v8 = nodeV8();
    if (v8 !== undefined) optimizeAtOnce(v8, true);
    const hash = createHash("sha256");
    for (const [m, n, k] of [[32, 96, 32], [13, 27, 50], [1, 40, 65]]) {
      const builder = wasmModule({ memory: { initial: 16 }, multiplyAdd: "${multiplyAdd}" });
      gemm.emitPack(builder, "pack", { n, k });
      gemm.emitGemm(builder, "gemm", { n, k });
      gemm.emitGemmTransposedA(builder, "gradient", { m: k, n });
      builder.function("functions", { params: { at: "i32", end: "i32" }, export: true }, (body, { at, end }) => {
        body.repeatWhile(i32.ltU(at, end), () => {
          const results = [0, 16].map((offset) => {
            const x = body.let(v128.load(at, offset));
            return body.let(math.tanh(f32x4.add(math.log(math.exp(x, body.multiplyAdd)), math.log1p(math.sigmoid(x, body.multiplyAdd))), body.multiplyAdd));
          });
          results.forEach((result, i) => body.do(v128.store(at, result, 16 * i)));
          body.set(at, i32.add(at, 32));
        });
      });
      const memory = new WebAssembly.Memory({ initial: 16 });
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(builder.encode()), { env: { memory } });
      const floats = new Float32Array(memory.buffer);
      for (let i = 0; i < 65536; i++) floats[i] = (Math.imul(i + 1, 0x9e3779b1) >> 8) / 0x400000;
      const [A, B, C, G, P, S] = [0, 32768, 131072, 262144, 524288, 786432];
      exports.pack(B, P, 0, gemm.panelCount(n));
      for (let i = 0; i < 3; i++) {
        exports.gemm(0, m, A, P, C, 0);
        exports.gradient(0, k, m, A, C, G, S);
        exports.functions(C, C + 4 * 96);
      }
      hash.update(new Uint8Array(memory.buffer));
    }
    console.log(JSON.stringify(hash.digest("hex")));`);
    expect(digest(true)).toBe(digest(false));
  },
  60000,
);

test.each(["separate", "relaxed"])(
  "changes no bit of whole programs, in the code that the optimizing compiler made: %s",
  (multiplyAdd) => {
    const digest = (pairing: boolean) =>
      inProcess(`
    import { createHash } from "node:crypto";
    import * as t from ${JSON.stringify(import.meta.resolve("@sluice/tensor"))};
    import { wasm } from ${here("./index.ts")};
    import { nodeV8, optimizeAtOnce } from ${here("./v8-flags.ts")};
    const backend = wasm({ pairing: ${pairing}, multiplyAdd: "${multiplyAdd}" });
    const v8 = nodeV8();
    if (v8 !== undefined) optimizeAtOnce(v8, true);
    const numbers = (shape, seed) => t.sub(t.mul(t.uniform(t.key(seed), shape), 6), 3);
    const functions = [t.sigmoid, t.tanh, t.exp, (a) => t.log(t.add(t.square(a), 0.1)), (a) => t.log1p(t.abs(a)), (a) => t.softmax(a, 1), (a) => t.sqrt(t.abs(a)), t.sign, t.floor];
    const step = ({ W, U, b }, h, x) => {
      const sums = t.add(t.add(t.matmul(x, W), t.matmul(h, U)), b);
      const centred = t.sub(sums, t.mean(sums, 1, { keep: true }));
      const [i, f, o, g] = t.split(t.div(centred, t.sqrt(t.add(t.mean(t.square(centred), 1, { keep: true }), 1e-5))), 4);
      return t.mul(t.sigmoid(o), t.tanh(t.add(t.mul(t.sigmoid(f), h), t.mul(t.sigmoid(i), t.tanh(g)))));
    };
    const layer = (weights, h, xs, lengths) => t.scan((s, x) => {
      const next = step(weights, s, x);
      return { state: next, output: next };
    }, h, xs, { lengths });
    const program = (weights, h, xs, lengths) => ({
      output: layer(weights, h, xs, lengths).output,
      gradients: t.grad((at) => t.sum(t.square(layer(at.weights, at.h, at.xs, lengths).output)))({ weights, h, xs }),
      functions: functions.map((f) => f(t.reshape(xs, [-1, xs.shape[2]].map((n) => (n < 0 ? xs.shape[0] * xs.shape[1] : n))))),
      less: t.select(t.less(xs, 0), t.neg(xs), t.mul(xs, xs)),
    });
    const hash = createHash("sha256");
    for (const [time, batch, input, hidden] of [[5, 4, 16, 32], [3, 3, 7, 21], [4, 9, 33, 40], [3, 1, 8, 19]]) {
      const weights = { W: numbers([input, 4 * hidden], 1), U: numbers([hidden, 4 * hidden], 2), b: numbers([4 * hidden], 3) };
      const given = [weights, numbers([batch, hidden], 4), numbers([time, batch, input], 5), t.tensor(Int32Array.from({ length: batch }, (_, row) => 1 + row % time))];
      const compiled = await t.compile(program, given, { backend });
      await compiled(...given);
      const results = await compiled(...given);
      for (const { tensor } of t.leavesOf(results)) hash.update(tensor.data);
      await compiled.dispose();
    }
    console.log(JSON.stringify(hash.digest("hex")));`);
    expect(digest(true)).toBe(digest(false));
  },
  60000,
);
