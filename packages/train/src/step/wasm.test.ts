// Whole training steps on WebAssembly: the same bits for any number of threads, for every run, and as the definitions
// give on the optimized program.
import {
  bidirectional,
  dense,
  gru,
  janet,
  lstm,
  sequence,
  sequential,
  variationalDropout,
  zoneout,
} from "@sluice/cells";
import { chain, globalNorm, skipNonFinite } from "@sluice/clip";
import { optimize } from "@sluice/compiler";
import { layerNorm } from "@sluice/norm";
import {
  assertGradient,
  compile,
  grad,
  key,
  keyFor,
  leavesOf,
  mapTree,
  normal,
  reference,
  square,
  sum,
  tensor,
  tensorsOf,
  valuesOf,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm, type WasmOptions } from "@sluice/wasm";
import { expect, test, vi } from "vitest";
import { weightsHash } from "@sluice/formats";
import { adam, crossEntropy, trainer } from "../index.ts";
import { smallGru, trainSmallGru } from "../testing/index.ts";

vi.setConfig({ testTimeout: 120_000 });

const bits = (tree: Tree): unknown[] => tensorsOf(tree).map((x) => [...new Uint8Array(valuesOf(x).slice().buffer)]);

/** The definitions, on the program that WebAssembly runs. */
function optimizedReference(): Backend {
  const inner = reference();
  return {
    ...inner,
    name: "reference, optimized",
    compile: (program, options) => inner.compile(optimize(program), options),
  };
}

async function using<T>(backend: Backend, use: (backend: Backend) => Promise<T>): Promise<T> {
  try {
    return await use(backend);
  } finally {
    await backend.close();
  }
}

const variants: readonly WasmOptions[] = [
  {},
  {},
  { threads: 2, oversubscribe: true },
  { threads: 2, oversubscribe: true },
  { threads: 3, oversubscribe: true },
  { pairing: false },
  { threads: 2, oversubscribe: true, pairing: false },
];

test("50 steps of the small GRU: one hash, which is that of the definitions on the optimized program", async () => {
  const expected = await trainSmallGru(optimizedReference());
  // One after the other: pairing counts for all that a process compiles from then on.
  for (const options of variants) {
    expect(await using(wasm(options), (backend) => trainSmallGru(backend)), JSON.stringify(options)).toEqual(expected);
  }
  const { losses } = await trainSmallGru(reference());
  losses.forEach((loss, i) => expect(Math.abs(expected.losses[i]! - loss)).toBeLessThan(1e-4));
  expect(expected.losses.at(-1)!).toBeLessThan(0.5 * expected.losses[0]!);
});

/** Wide enough for threads to share its work: layer norm, zoneout, both kinds of dropout, unequal lengths. */
async function trainStack(backend: Backend, steps: number) {
  const [batch, time, input, hidden, classes] = [32, 8, 6, 32, 4];
  const first = variationalDropout(zoneout(gru({ input, hidden, norm: layerNorm() }), { h: 0.1 }), { input: 0.2 });
  const second = zoneout(
    lstm({ input: hidden, hidden, norm: layerNorm({ placement: "gates" }), recurrentDropout: 0.1 }),
    { h: 0.1, c: 0.2 },
  );
  const model = sequential(
    [sequence(first), sequence(second, { outputs: "last" }), dense({ input: hidden, output: classes })],
    { dropout: 0.2 },
  );
  const x = normal(key(3), [batch, time, input]);
  const y = tensor(Int32Array.from({ length: batch }, (_, i) => i % classes));
  const lengths = tensor(Int32Array.from({ length: batch }, (_, i) => 1 + (i % time)));
  const trained = await trainer({
    params: model.init(key(1)),
    loss: (params, given: { x: Tensor; y: Tensor; lengths: Tensor }, context) => ({
      loss: crossEntropy(
        model.apply(params, given.x, { training: true, key: context.key, lengths: given.lengths }).output,
        given.y,
      ),
    }),
    optimizer: chain(skipNonFinite(), globalNorm(1), adam({ learningRate: 3e-3 })),
    key: key(2),
    batch: { x, y, lengths },
    backend,
  });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push((await trained.run({ x, y, lengths })).loss);
  const hash = await weightsHash(await trained.params());
  await trained.dispose();
  return { hash, losses };
}

test("a stack with layer norm, zoneout and dropout: two runs, and any number of threads, end with the same bits", async () => {
  const expected = await using(wasm(), (backend) => trainStack(backend, 40));
  expect(expected.losses.at(-1)!).toBeLessThan(0.9 * expected.losses[0]!);
  for (const options of variants)
    expect(await using(wasm(options), (backend) => trainStack(backend, 40)), JSON.stringify(options)).toEqual(expected);
});

test("a stack with layer norm, zoneout and dropout has the bits of the definitions on the optimized program", async () => {
  expect(await using(wasm({ threads: 2, oversubscribe: true }), (backend) => trainStack(backend, 3))).toEqual(
    await trainStack(optimizedReference(), 3),
  );
});

/**
 * Three Adam steps of a model over 120 steps: two LSTMs, one each way, and a GRU over both, on rows of unequal lengths
 * that begin anew here and there.
 */
async function trainLong(backend: Backend, memory?: number) {
  const [rows, time, input, hidden] = [4, 120, 3, 16];
  const model = sequential([
    bidirectional(lstm({ input, hidden })),
    sequence(gru({ input: 2 * hidden, hidden }), { outputs: "last" }),
    dense({ input: hidden, output: 2 }),
  ]);
  const x = normal(key(3), [rows, time, input]);
  const y = tensor(Int32Array.of(0, 1, 1, 0));
  const lengths = tensor(Int32Array.of(time, 80, 41, time));
  const resets = tensor(
    Array.from({ length: rows * time }, (_, i) => (i % 50 === 7 ? 1 : 0)),
    [rows, time],
    { dtype: "bool" },
  );
  const trained = await trainer({
    params: model.init(key(1)),
    loss: (params, given: { x: Tensor }) => ({
      loss: crossEntropy(model.apply(params, given.x, { lengths, resets }).output, y),
    }),
    optimizer: adam({ learningRate: 1e-3 }),
    key: key(2),
    batch: { x },
    backend,
    ...(memory === undefined ? {} : { memory }),
  });
  const norms: number[] = [];
  for (let i = 0; i < 3; i++) norms.push((await trained.run({ x })).gradientNorm);
  const params = await trained.params();
  await trained.dispose();
  return { norms, params, bytes: trained.statistics.bytes };
}

test("a model of loops in both directions, with lengths and resets, trains within less memory as with all it wants", async () => {
  const [whole, half, least] = await using(wasm(), async (backend) => {
    const all = await trainLong(backend);
    return [all, await trainLong(backend, 0.6 * all.bytes), await trainLong(backend, 0.45 * all.bytes)];
  });
  expect(half!.bytes).toBeLessThan(0.65 * whole!.bytes);
  expect(least!.bytes).toBeLessThan(0.5 * whole!.bytes);
  for (const within of [half!, least!]) {
    within.norms.forEach((norm, i) => expect(Math.abs(norm / whole!.norms[i]! - 1)).toBeLessThan(1e-5));
    const expected = leavesOf(whole!.params);
    leavesOf(within.params).forEach(({ path, tensor: w }, i) => {
      const values = valuesOf(expected[i]!.tensor);
      // Adam's step is 1e-3 for each weight, however small its gradient; where that is next to nothing, rounding
      // decides its sign.
      expect(
        [...valuesOf(w)].reduce((sum, v, j) => sum + Math.abs(v - values[j]!), 0) / values.length,
        path,
      ).toBeLessThan(1e-6);
    });
  }
});

test("training begun on one backend goes on on another from its checkpoint", async () => {
  const webAssembly = wasm({ threads: 2, oversubscribe: true });
  const start = async (backend: Backend) => {
    const { batches, ...program } = smallGru();
    return { trained: await trainer({ ...program, backend }), batches };
  };
  const whole = await start(webAssembly);
  for (const { batch } of whole.batches.from(0, 12)) await whole.trained.run(batch);

  for (const [from, to] of [
    [webAssembly, optimizedReference()],
    [optimizedReference(), webAssembly],
  ] as const) {
    const [first, second] = [await start(from), await start(to)];
    for (const { batch } of first.batches.from(0, 7)) await first.trained.run(batch);
    await second.trained.restore(await first.trained.save());
    expect(bits(await second.trained.state())).toEqual(bits(await first.trained.state()));
    for (const { batch } of second.batches.from(second.trained.step, 12)) await second.trained.run(batch);
    expect(bits(await second.trained.state())).toEqual(bits(await whole.trained.state()));
  }
  await webAssembly.close();
});

test("a cell that is not in the library learns on WebAssembly, with the gradient of its equations", async () => {
  const [batch, time] = [24, 10];
  const model = sequential([
    sequence(zoneout(janet({ input: 1, hidden: 12, norm: layerNorm() }), { h: 0.05 }), { outputs: "last" }),
    dense({ input: 12, output: 2 }),
  ]);
  // Which sign the first step had, the others being noise.
  const signs = Int32Array.from({ length: batch }, (_, i) => i % 2);
  const noise = valuesOf(normal(key(4), [batch, time, 1], { deviation: 0.3 }));
  const x = tensor(
    Float32Array.from(noise, (value, i) => (i % time === 0 ? 2 * signs[Math.floor(i / time)]! - 1 : value)),
    [batch, time, 1],
  );
  const example = { x: x as Tensor, y: tensor(signs) as Tensor };
  const params = model.init(key(1));
  const lossOf = (p: typeof params): Tensor => sum(square(model.apply(p, x, { training: true, key: key(5) }).output));

  const report = assertGradient(lossOf, params, { samples: 10 });
  expect(Object.keys(report.parameters)).toContain("0.U");

  const backend = wasm();
  const gradient = await (await compile(grad(lossOf), [params], { backend }))(params);
  const exact = new Map(leavesOf(grad(lossOf)(params)).map(({ path, tensor: g }) => [path, valuesOf(g)]));
  const scale = Math.max(...[...exact.values()].flatMap((values) => [...values].map(Math.abs)));
  mapTree(gradient, (g, path) => {
    valuesOf(g).forEach((value, i) => expect(Math.abs(value - exact.get(path)![i]!) / scale, path).toBeLessThan(1e-5));
    return g;
  });

  const trained = await trainer({
    params,
    loss: (p, { x: inputs, y }: typeof example, context) => ({
      loss: crossEntropy(model.apply(p, inputs, { training: true, key: keyFor(context.key, "model") }).output, y),
    }),
    optimizer: chain(globalNorm(1), adam({ learningRate: 0.02 })),
    key: key(2),
    batch: example,
    backend,
  });
  const losses: number[] = [];
  for (let i = 0; i < 100; i++) losses.push((await trained.run(example)).loss);
  await backend.close();
  expect(losses[0]!).toBeGreaterThan(0.5);
  expect(losses.at(-1)!).toBeLessThan(0.1);
});
