// The mode with relaxed multiply-add: within tolerances, on request only.
import * as t from "@sluice/tensor";
import type { Tensor } from "@sluice/tensor";
import { backendSuite, randomTensor } from "@sluice/tensor/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { wasmBackend } from "./backend/wasm.ts";
import { wasm, type MultiplyAddMode } from "./index.ts";
import { expectSameBits } from "./testing/agree.ts";

vi.setConfig({ testTimeout: 60_000 });
afterEach(() => void vi.restoreAllMocks());

const hidden = 24;
const numbers = (shape: readonly number[], seed: number): t.ArrayTensor => {
  const x = randomTensor(shape, "f32", seed);
  return { ...x, data: Float32Array.from(x.data, (value) => value / 4) };
};
const given = [numbers([5, 6, 9], 1), numbers([9, 4 * hidden], 2), numbers([hidden, 4 * hidden], 3)];

/** The last output of an LSTM, its gradients, and a function that its gates do not have. */
function lstm(x: Tensor, W: Tensor, U: Tensor): Tensor[] {
  const last = (...[xs, Wx, Uh]: readonly [Tensor, Tensor, Tensor]): Tensor => {
    const zeros = t.full([6, hidden], 0);
    const { state } = t.scan(
      ({ h, c }: { h: Tensor; c: Tensor }, xt: Tensor) => {
        const [i, f, g, o] = t.split(t.add(t.matmul(xt, Wx), t.matmul(h, Uh)), 4) as [Tensor, Tensor, Tensor, Tensor];
        const next = t.add(t.mul(t.sigmoid(f), c), t.mul(t.sigmoid(i), t.tanh(g)));
        return { state: { h: t.mul(t.sigmoid(o), t.tanh(next)), c: next }, output: {} };
      },
      { h: zeros, c: zeros },
      xs,
    );
    return state.h;
  };
  const gradients = t.grad(([xs, Wx, Uh]: readonly [Tensor, Tensor, Tensor]) => t.sum(t.square(last(xs, Wx, Uh))))([
    x,
    W,
    U,
  ]);
  return [last(x, W, U), ...gradients, t.erf(x)];
}

/** The results on a backend, and the bytes of the modules that it made. */
async function runOn(backend: t.Backend, f = lstm, args: readonly t.ArrayTensor[] = given) {
  const compiling = vi.spyOn(WebAssembly, "compile").mockClear();
  const run = await t.compile((...symbols: Tensor[]) => f(...(symbols as [Tensor, Tensor, Tensor])), [...args], {
    backend,
  });
  const modules = compiling.mock.calls.map(([bytes]) => new Uint8Array(bytes as Uint8Array<ArrayBuffer>));
  const results = await run(...args);
  await backend.close();
  return { results, modules };
}

/** How often relaxed instructions, 0x100 to 0x113, occur in a module. Their opcodes are LEB128. */
const relaxedIn = (module: Uint8Array): number =>
  module.filter((byte, i) => byte === 0xfd && ((module[i + 1] ?? 0) & 0xe0) === 0x80 && module[i + 2] === 2).length;

describe("what every backend must pass, within tolerances", () => {
  const laws = backendSuite(() => wasm({ multiplyAdd: "relaxed" }), { tolerance: 1e-6, runs: 4 });
  for (const { name, run } of laws) test(name, run);
});

test("no module has a relaxed instruction unless it is asked for", async () => {
  for (const [options, relaxed] of [
    [{}, false],
    [{ multiplyAdd: "separate" }, false],
    [{ multiplyAdd: "relaxed" }, true],
  ] as const) {
    const { modules } = await runOn(wasm(options));
    expect(modules).toHaveLength(1);
    expect(modules.map((module) => relaxedIn(module) > 0)).toEqual([relaxed]);
  }
});

test("on one machine the bits do not depend on the threads or on pairing", async () => {
  const relaxed = { multiplyAdd: "relaxed" } as const;
  const { results } = await runOn(wasm(relaxed));
  for (const other of [
    wasm({ ...relaxed, pairing: false }),
    wasmBackend({ ...relaxed, threads: 2, oversubscribe: true }, { worthDividing: 0 }),
    wasmBackend({ ...relaxed, threads: 3, oversubscribe: true }, { worthDividing: 0, cacheBytes: 12288 }),
  ]) {
    const same = await runOn(other);
    results.forEach((result, i) => expectSameBits(same.results[i]!, result, `output ${i}`));
  }
});

describe("the kernels of products", () => {
  // (1 + e)^2 - (1 + 2 e) is e^2 if it is rounded once, and 0 if the square is rounded before.
  const e = 2 ** -12;
  const kernels = [
    { name: "matmul", a: [8, 2], b: [2, 8], along: 1, f: t.matmul },
    { name: "matmulStreamed", a: [2, 2], b: [2, 8], along: 1, f: t.matmul },
    {
      name: "matmulTransposed",
      a: [2, 8],
      b: [2, 8],
      along: 0,
      f: (a: Tensor, b: Tensor) => t.matmul(t.transpose(a), b),
    },
    { name: "matmulStrided", a: [3, 8, 2], b: [3, 2, 8], along: 2, f: t.matmul },
  ];
  /** A tensor with two values, which alternate along an axis of length 2. */
  const two = (shape: readonly number[], axis: number, [first, second]: readonly [number, number]): t.ArrayTensor => {
    const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const size = shape.reduce((product, length) => product * length, 1);
    return t.tensor(
      Float32Array.from({ length: size }, (_, i) => (Math.floor(i / stride) % 2 === 0 ? first : second)),
      shape,
    );
  };
  const valuesWith = async (multiplyAdd: MultiplyAddMode) => {
    const values: Record<string, readonly number[]> = {};
    for (const { name, a, b, along, f } of kernels) {
      const args = [two(a, along, [-(1 + 2 * e), 1 + e]), two(b, b.length - 2, [1, 1 + e])];
      const { results, modules } = await runOn(wasm({ multiplyAdd }), (x, y) => [f(x, y)], args);
      expect(modules.map((module) => new TextDecoder("latin1").decode(module))).toEqual([
        expect.stringMatching(new RegExp(`[^a-z]${name}[0-9]`)) as string,
      ]);
      values[name] = [...new Set(t.valuesOf(results[0]!))];
    }
    return values;
  };

  test("round a product and its sum alike: all of them once, or all of them twice", async () => {
    const all = (value: number) => Object.fromEntries(kernels.map(({ name }) => [name, [value]]));
    const [once, twice] = [all(e * e), all(0)];
    expect(await valuesWith("separate")).toEqual(twice);
    expect([once, twice]).toContainEqual(await valuesWith("relaxed"));
  });
});

test("a backend says how it multiplies and adds, and why its results vary", async () => {
  const [usual, relaxed] = [wasm(), wasm({ multiplyAdd: "relaxed" })];
  expect(usual).toMatchObject({ name: "wasm", multiplyAdd: "separate" });
  expect(usual.varies).toBeUndefined();
  expect(relaxed).toMatchObject({
    name: "wasm relaxed",
    multiplyAdd: "relaxed",
    varies: expect.stringContaining("some processors round a product and its sum once") as string,
  });
  await Promise.all([usual.close(), relaxed.close()]);
});

test("what the engine lacks is an error, and so is another word", () => {
  expect(() => wasm({ multiplyAdd: "fused" as MultiplyAddMode })).toThrow(
    'wasm: expected multiplyAdd to be "separate" or "relaxed", got "fused"',
  );
  vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  expect(() => wasm({ multiplyAdd: "relaxed" })).toThrow(
    /^wasm: multiplyAdd: "relaxed" needs .* which this engine does not have; use Node 22 or newer, .* or leave the option out$/,
  );
  expect(() => wasm({ multiplyAdd: "separate" })).not.toThrow();
});
