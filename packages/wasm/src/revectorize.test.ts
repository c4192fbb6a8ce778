import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const here = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** Runs a module in a process of its own, because V8's flags are the process's. */
function inProcess(code: string): unknown {
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8", timeout: 60000 }));
}

const supported = Number.parseInt(process.versions.node, 10) >= 24 && process.arch === "x64";

test("is enabled where it exists, and says why elsewhere", () => {
  const answer = inProcess(`
    import { enableRevectorization } from ${here("./revectorize.ts")};
    console.log(JSON.stringify(enableRevectorization()));`);
  if (supported) expect(answer).toEqual({ enabled: true, reason: "" });
  else expect(answer).toEqual({ enabled: false, reason: expect.stringMatching(/./) as string });
});

test("changes no bit of a product, of a weight gradient or of a function", () => {
  const digest = (enable: boolean) => inProcess(`
    import { createHash } from "node:crypto";
    import { enableRevectorization } from ${here("./revectorize.ts")};
    import { f32x4, i32, v128, wasmModule } from ${here("./assembler/index.ts")};
    import * as gemm from ${here("./gemm/index.ts")};
    import * as math from ${here("./math/index.ts")};
    if (${enable}) enableRevectorization();
    const hash = createHash("sha256");
    for (const [m, n, k] of [[32, 96, 32], [13, 27, 50], [1, 40, 65]]) {
      const builder = wasmModule({ memory: { initial: 16 } });
      gemm.emitPack(builder, "pack", { n, k });
      gemm.emitGemm(builder, "gemm", { n, k });
      gemm.emitGemmTransposedA(builder, "gradient", { m: k, n });
      builder.function("functions", { params: { at: "i32", end: "i32" }, export: true }, (body, { at, end }) => {
        body.repeatWhile(i32.ltU(at, end), () => {
          const results = [0, 16].map((offset) => {
            const x = body.let(v128.load(at, offset));
            return body.let(math.tanh(f32x4.add(math.log(math.exp(x)), math.log1p(math.sigmoid(x)))));
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
      for (let i = 0; i < 3000; i++) {
        exports.gemm(0, m, A, P, C, 0);
        exports.gradient(0, k, m, A, C, G, S);
        exports.functions(C, C + 4 * 96);
      }
      hash.update(new Uint8Array(memory.buffer));
    }
    console.log(JSON.stringify(hash.digest("hex")));`);
  expect(digest(true)).toBe(digest(false));
}, 60000);
