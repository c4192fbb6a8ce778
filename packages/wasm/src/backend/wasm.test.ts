// The backend contract: state, errors, order of runs, memory, threads.
import { passNames } from "@sluice/compiler";
import * as t from "@sluice/tensor";
import * as internal from "@sluice/tensor/internal";
import type { Tensor } from "@sluice/tensor";
import { backendSuite, randomTensor } from "@sluice/tensor/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { away } from "../hosts/index.ts";
import { wasm, type WasmOptions } from "../index.ts";
import { expectAgreement, expectSameBits, variants } from "../testing/agree.ts";
import { wasmBackend } from "./wasm.ts";

vi.setConfig({ testTimeout: 60_000 });

/** Adam on a small recurrent regression: parameters, moments and step number are state. */
function trainingStep(
  state: { W: Tensor; U: Tensor; m: { W: Tensor; U: Tensor }; v: { W: Tensor; U: Tensor }; step: Tensor },
  x: Tensor,
  y: Tensor,
) {
  const loss = ({ W, U }: { W: Tensor; U: Tensor }): Tensor => {
    const { state: last } = t.scan(
      (h: Tensor, xt: Tensor) => ({ state: t.tanh(t.add(t.matmul(xt, W), t.matmul(h, U))), output: h }),
      internal.zerosArray([x.shape[1]!, U.shape[0]!]),
      x,
    );
    return t.mean(t.square(t.sub(last, y)));
  };
  const { value, gradient } = t.valueAndGrad(loss)({ W: state.W, U: state.U });
  const update = (p: Tensor, g: Tensor, m: Tensor, v: Tensor) => {
    const nextM = t.add(t.mul(m, 0.9), t.mul(g, 0.1));
    const nextV = t.add(t.mul(v, 0.999), t.mul(t.square(g), 0.001));
    return { p: t.sub(p, t.mul(t.div(nextM, t.add(t.sqrt(nextV), 1e-8)), 0.01)), m: nextM, v: nextV };
  };
  const [W, U] = [update(state.W, gradient.W, state.m.W, state.v.W), update(state.U, gradient.U, state.m.U, state.v.U)];
  return {
    state: { W: W.p, U: U.p, m: { W: W.m, U: U.m }, v: { W: W.v, U: U.v }, step: t.add(state.step, 1) },
    output: { loss: value, step: state.step },
  };
}

const x = randomTensor([6, 8, 5], "f32", 1);
const y = t.tanh(randomTensor([8, 16], "f32", 2));
const [W, U] = [
  t.mul(t.tanh(randomTensor([5, 16], "f32", 3)), 0.3),
  t.mul(t.tanh(randomTensor([16, 16], "f32", 4)), 0.3),
];
const zeros = { W: t.zerosLike(W), U: t.zerosLike(U) };
const initial = { W, U, m: zeros, v: zeros, step: t.scalar(0, "i32") };

async function weightsAfter(backend: t.Backend, steps: number) {
  const session = await t.compileStep(trainingStep, initial, [x, y], { backend });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push(t.item((await session.run(x, y)).loss));
  const state = await session.state();
  await session.dispose();
  return { losses, state };
}

/** Where a program can run: as in Node, and as in a page. */
const places: readonly (readonly [string, () => t.Backend])[] = [
  ["here", () => wasm()],
  ["by a team", () => wasm({ threads: 2, oversubscribe: true })],
  ["in a worker", () => wasmBackend({}, { host: away() })],
];

test("weights that are constants, for a product and for a loop", async () => {
  const run = (xs: Tensor, h: Tensor): Tensor[] => [
    t.matmul(h, t.transpose(U)),
    t.scan(
      (state: Tensor, xt: Tensor) => ({ state: t.tanh(t.add(t.matmul(xt, W), t.matmul(state, U))), output: {} }),
      h,
      xs,
    ).state,
  ];
  await expectAgreement(run, [x as t.ArrayTensor, y as t.ArrayTensor]);
});

test("fifty training steps: the same weights for any number of threads, and the loss falls", async () => {
  const backends = [...Object.values(variants), ...places.map(([, backendOf]) => backendOf())];
  const [first, ...others] = await Promise.all(backends.map((backend) => weightsAfter(backend, 50)));
  expect(first!.losses[49]!).toBeLessThan(first!.losses[0]! / 2);
  expect(t.item(first!.state.step)).toBe(50);
  for (const other of others) {
    expect(other.losses).toEqual(first!.losses);
    for (const { path, tensor } of t.leavesOf(first!.state))
      expectSameBits(t.leavesOf(other.state).find((leaf) => leaf.path === path)!.tensor, tensor, path);
  }
});

test("passes can be switched off one by one and all together; training goes the same way", async () => {
  const all = await weightsAfter(wasm(), 5);
  const without = (names: readonly (typeof passNames)[number][]) =>
    wasm({ passes: Object.fromEntries(names.map((name) => [name, false])) });
  for (const names of [...passNames.map((name) => [name]), passNames]) {
    const { losses, state } = await weightsAfter(without(names), 5);
    losses.forEach((loss, i) => expect(Math.abs(loss / all.losses[i]! - 1), names.join()).toBeLessThan(1e-4));
    // What only plans otherwise keeps the order of sums.
    if (names.every((name) => name === "fuse" || name === "memory" || name === "ragged")) {
      for (const { path, tensor } of t.leavesOf(all.state))
        expectSameBits(
          t.leavesOf(state).find((leaf) => leaf.path === path)!.tensor,
          tensor,
          `without ${names.join()}: ${path}`,
        );
    }
  }
});

describe.each(places)("what every backend must pass: %s", (_, open) => {
  // Values of primitives are held to the definitions by `primitives.test.ts`, on every variant.
  for (const { name, run } of backendSuite(open, { runs: 1 }))
    if (!name.endsWith("has the reference's values")) test(name, run);
});

test("f64 is for the reference backend", async () => {
  const { program } = t.recordProgram((a: Tensor) => t.mul(a, 2), [t.tensor(Float64Array.of(1, 2))]);
  await expect(wasm().compile(program)).rejects.toThrow(/f64 .*reference backend/);
});

test("options", () => {
  expect(() => wasm({ threads: 0 })).toThrow("wasm: expected threads to be an integer >= 1, got 0");
  expect(() => wasm({ threads: 1, ...{ thread: 2 } })).toThrow("wasm: unknown option thread; did you mean threads?");
  expect(() => wasm({ passes: { fuse: true, ...{ fusion: false } } })).toThrow(
    "wasm: passes: unknown option fusion; known: simplify, merge,",
  );
});

test.each([["reference", () => t.reference()] as const, ...places])(
  "what a program cannot be run on is an error, not the run before: %s",
  async (_, open) => {
    const backend = open();
    const f = await t.compile(
      (x: Tensor, lengths: Tensor) =>
        t.scan((h: Tensor, xt: Tensor) => ({ state: t.add(h, xt), output: {} }), internal.zerosArray([2, 1]), x, {
          lengths,
        }).state,
      [internal.zerosArray([3, 2, 1]), t.tensor(Int32Array.of(1, 1))],
      { backend },
    );
    const ones = t.full([3, 2, 1], 1);
    const lengths = (...values: number[]) => t.tensor(Int32Array.from(values));
    expect([...t.valuesOf(await f(ones, lengths(3, 0)))]).toEqual([3, 0]);
    await expect(f(ones, lengths(3, 4))).rejects.toThrow(
      "run: tensor 1 must be from 0 to 3, the number of steps, but row 1 has 4; cut the sequences, or compile for more steps",
    );
    await expect(f(ones, lengths(-1, 3))).rejects.toThrow("but row 0 has -1");
    const short: t.ArrayTensor = { kind: "array", shape: [3, 2, 1], dtype: "f32", data: Float32Array.of(1, 1) };
    await expect(f(short, lengths(3, 3))).rejects.toThrow(
      "run: tensor 0 [3,2,1] has 2 values, expected 6; make it with tensor(values, shape), and keep its buffer",
    );
    const gone = t.full([3, 2, 1], 1);
    structuredClone(gone.data, { transfer: [gone.data.buffer as ArrayBuffer] });
    await expect(f(gone, lengths(3, 3))).rejects.toThrow("run: tensor 0 [3,2,1] has 0 values, expected 6");
    expect([...t.valuesOf(await f(ones, lengths(1, 2)))]).toEqual([1, 2]);
    await backend.close();
  },
);

describe("the number of threads", () => {
  const threadsOf = async (options: WasmOptions) => {
    const backend = wasm(options);
    await backend.close();
    return backend.threads;
  };
  const processors = (count: number) =>
    vi.spyOn(process.getBuiltinModule("node:os"), "availableParallelism").mockReturnValue(count);
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  test("at most one per processor, unless oversubscribe is set", async () => {
    processors(2);
    expect(await threadsOf({})).toEqual({ asked: 1, used: 1 });
    expect(await threadsOf({ threads: 2 })).toEqual({ asked: 2, used: 2 });
    expect(await threadsOf({ threads: 200 })).toEqual({
      asked: 200,
      used: 2,
      reason: expect.stringContaining("the machine has 2 processors"),
    });
    expect(await threadsOf({ threads: 3, oversubscribe: true })).toEqual({ asked: 3, used: 3 });
    processors(1);
    expect(await threadsOf({ threads: 2 })).toEqual({
      asked: 2,
      used: 1,
      reason: expect.stringContaining("the machine has 1 processor;"),
    });
  });

  test("as many as asked for if the number of processors is unknown", async () => {
    processors(0);
    expect(await threadsOf({ threads: 3 })).toEqual({ asked: 3, used: 3 });
  });

  test("one where memory cannot be shared, or no worker may be started", async () => {
    expect(await threadsOf({ threads: 2, worker: false })).toEqual({
      asked: 2,
      used: 1,
      reason: "programs run on the calling thread (worker: false)",
    });
    vi.stubGlobal("SharedArrayBuffer", undefined);
    expect(await threadsOf({ threads: 2 })).toEqual({
      asked: 2,
      used: 1,
      reason: expect.stringMatching(/cross-origin isolated; serve it with Cross-Origin-Opener-Policy: same-origin and/),
    });
  });

  test("the address of the workers' file is a string or a URL", () => {
    expect(() => wasm({ worker: true as unknown as string })).toThrow(
      "wasm: expected worker to be the URL of the file @sluice/wasm/worker, or false, got true",
    );
  });
});

test("a worker that the platform refuses is an error of compiling, which names it", async () => {
  const refused = vi
    .spyOn(process.getBuiltinModule("node:worker_threads"), "Worker")
    .mockImplementation(function refuse() {
      throw new Error("Access to this API has been restricted");
    });
  const backend = wasm({ threads: 2, oversubscribe: true });
  refused.mockRestore();
  await expect(t.compile((a: Tensor) => t.mul(a, 2), [t.tensor([1])], { backend })).rejects.toThrow(
    "wasm: worker 1 of 1 was not started: Access to this API has been restricted. Close the backend and make another.",
  );
  await backend.close();
});
