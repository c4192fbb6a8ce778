// One executable for all lengths: what an earlier batch left in memory beyond the lengths of a later one reaches
// nothing.
import * as t from "@sluice/tensor";
import * as internal from "@sluice/tensor/internal";
import type { ArrayTensor, Tensor } from "@sluice/tensor";
import { randomTensor } from "@sluice/tensor/testing";
import { optimize } from "@sluice/compiler";
import { afterAll, expect, test, vi } from "vitest";
import { away } from "../hosts/index.ts";
import { closeVariants, expectSameBits, variants } from "../testing/agree.ts";
import { wasmBackend } from "./wasm.ts";

vi.setConfig({ testTimeout: 60_000 });
const inWorker = wasmBackend({}, { host: away() });
afterAll(async () => {
  await closeVariants();
  await inWorker.close();
});

type Layer = { W: Tensor; U: Tensor };

function gru({ W, U }: Layer, x: Tensor, lengths: Tensor, batch: number, hidden: number) {
  const step = (h: Tensor, xt: Tensor) => {
    const [xr, xz, xn] = t.split(t.matmul(xt, W), 3);
    const [hr, hz, hn] = t.split(t.matmul(h, U), 3);
    const z = t.sigmoid(t.add(xz!, hz!));
    const n = t.tanh(t.add(xn!, t.mul(t.sigmoid(t.add(xr!, hr!)), hn!)));
    const next = t.add(t.mul(z, h), t.mul(t.sub(1, z), n));
    return { state: next, output: next };
  };
  return t.scan(step, internal.zerosArray([batch, hidden]), x, { lengths });
}

const sizes = [
  { name: "rows and sizes that fill no tile", batch: 7, time: 9, input: 5, hidden: 6, fewer: 0 },
  { name: "lengths that the program computes", batch: 5, time: 8, input: 4, hidden: 7, fewer: 2 },
  { name: "one row", batch: 1, time: 6, input: 4, hidden: 8, fewer: 0 },
  { name: "one input", batch: 6, time: 5, input: 1, hidden: 16, fewer: 0 },
  {
    name: "rows of several blocks a step, of which most are empty",
    batch: 700,
    time: 4,
    input: 3,
    hidden: 2,
    fewer: 0,
  },
  { name: "steps of several blocks", batch: 5, time: 170, input: 3, hidden: 4, fewer: 0 },
  { name: "an input that is worth copying without its padding", batch: 3, time: 24, input: 512, hidden: 4, fewer: 0 },
];

/** The steps of x [batch, time, input] before each row's length. */
function steps({ data }: ArrayTensor, { data: values, shape: [, time, input] }: ArrayTensor) {
  return Array.from(data, (length, row) => ({
    at: row * time! * input!,
    values: values.subarray(row * time! * input!, (row * time! + length) * input!),
  }));
}

test.each(sizes)("$name", async ({ batch, time, input, hidden, fewer }) => {
  const small = (shape: readonly number[], seed: number): ArrayTensor =>
    t.mul(t.tanh(randomTensor(shape, "f32", seed)), 0.5) as ArrayTensor;
  const f = (lengths: Tensor, W1: Tensor, U1: Tensor, W2: Tensor, U2: Tensor, x: Tensor) => {
    const { value, gradient } = t.valueAndGrad((p: { one: Layer; two: Layer; x: Tensor }) => {
      const first = gru(p.one, t.transpose(p.x, [1, 0, 2]), lengths, batch, hidden);
      const second = gru(p.two, first.output, fewer === 0 ? lengths : t.max(t.sub(lengths, fewer), 0), batch, hidden);
      return t.add(t.sum(t.square(second.output)), t.sum(t.mul(first.state, second.state)));
    })({ one: { W: W1, U: U1 }, two: { W: W2, U: U2 }, x });
    return [value, ...t.tensorsOf(gradient)];
  };
  const rest = [
    small([input, 3 * hidden], 1),
    small([hidden, 3 * hidden], 2),
    small([hidden, 3 * hidden], 3),
    small([hidden, 3 * hidden], 4),
  ];
  const batches = [
    (_: number) => time,
    (row: number) => (time * (batch - row)) / batch,
    (row: number) => (row * 5) % (time + 1),
    () => 0,
    (row: number) => (row === batch - 1 ? time : 1),
  ].map((length, i) => [
    t.tensor(Int32Array.from({ length: batch }, (_, row) => Math.floor(length(row)))),
    ...rest,
    small([batch, time, input], 10 + i),
  ]);
  // The same batches with zeros beyond the lengths, as pieces that were not written into one array.
  const zeroed = batches.map(([lengths, ...others]) => [
    lengths!,
    ...others.slice(0, -1),
    internal.piecewiseArray([batch, time, input], steps(lengths!, others.at(-1)!), "f32"),
  ]);
  batches.push(...zeroed);
  const { program } = t.recordProgram(f, batches[0] as Parameters<typeof f>);
  const optimized = optimize(program);
  for (const [name, backend] of [...Object.entries(variants), ["in a worker", inWorker] as const]) {
    const executable = await backend.compile(program);
    for (const [i, given] of batches.entries()) {
      const results = await executable.run(given as ArrayTensor[]);
      const expected = t.evaluate(optimized, given);
      results.forEach((y, at) => expectSameBits(y, expected[at]!, `${name}, batch ${i}, result ${at}`));
    }
    await executable.dispose();
  }
});

test.each([
  { batch: 7, time: 9, hidden: 6, outputs: 5 },
  { batch: 4, time: 6, hidden: 8, outputs: 16 },
  { batch: 1, time: 5, hidden: 3, outputs: 1 },
  { batch: 6, time: 1, hidden: 4, outputs: 2 },
])("readouts of every step and their losses: %o", async ({ batch, time, hidden, outputs }) => {
  const small = (shape: readonly number[], seed: number): ArrayTensor =>
    t.mul(t.tanh(randomTensor(shape, "f32", seed)), 0.5) as ArrayTensor;
  const f = (lengths: Tensor, W: Tensor, U: Tensor, R: Tensor, c: Tensor, x: Tensor, y: Tensor) => {
    const before = t.reshape(t.less(t.iota([time]), t.reshape(lengths, [batch, 1])), [batch, time, 1]);
    const { value, gradient, aux } = t.valueAndGradAux((p: Layer & { R: Tensor; c: Tensor }) => {
      const output = t.transpose(gru(p, t.transpose(x, [1, 0, 2]), lengths, batch, hidden).output, [1, 0, 2]);
      const kept = t.mul(output, t.convert(t.bernoulli(t.add(t.key(4), t.sum(lengths)), output.shape, 0.6), "f32"));
      const logits = t.add(t.matmul(kept, p.R), p.c);
      const classes = t.select(before, t.mul(y, t.logSoftmax(t.select(before, logits, 0))), 0);
      const squares = t.mul(t.square(t.sub(t.select(before, logits, 0), y)), t.convert(before, "f32"));
      const ofSteps = t.sum(t.sub(squares, classes), 2);
      return {
        value: t.reshape(t.sum(t.reshape(ofSteps, [batch * time, 1]), 0), []),
        aux: t.reduceMax(t.select(before, logits, 0), 2),
      };
    })({ W, U, R, c });
    return [value, aux, ...t.tensorsOf(gradient)];
  };
  const rest = [
    small([3, 3 * hidden], 1),
    small([hidden, 3 * hidden], 2),
    small([hidden, outputs], 3),
    small([outputs], 4),
    small([batch, time, 3], 5),
    small([batch, time, outputs], 6),
  ];
  const lengths = [
    (_: number) => time,
    (row: number) => Math.floor((time * (batch - row)) / batch),
    (row: number) => (row * 5) % (time + 1),
    () => 0,
    (row: number) => (row === batch - 1 ? time : 1),
  ];
  const { program } = t.recordProgram(f, [t.tensor(new Int32Array(batch)), ...rest] as Parameters<typeof f>);
  const optimized = optimize(program);
  for (const [name, backend] of Object.entries(variants)) {
    const executable = await backend.compile(program);
    for (const [i, length] of lengths.entries()) {
      const given = [t.tensor(Int32Array.from({ length: batch }, (_, row) => length(row))), ...rest];
      const results = await executable.run(given);
      t.evaluate(optimized, given).forEach((y, at) =>
        expectSameBits(results[at]!, y, `${name}, batch ${i}, result ${at}`),
      );
    }
    await executable.dispose();
  }
});

test("pieces of a tensor that is read everywhere are zeros around them, whatever ran before", async () => {
  const backend = variants["1 thread"]!;
  const f = await t.compile((x: Tensor) => t.add(x, 0), [internal.zerosArray([2, 3])], { backend });
  await f(t.full([2, 3], 7));
  const pieces = [
    { at: 1, values: Float32Array.of(1, 2) },
    { at: 5, values: Float32Array.of(3) },
  ];
  expect([...t.valuesOf(await f(internal.piecewiseArray([2, 3], pieces, "f32")))]).toEqual([0, 1, 2, 0, 0, 3]);
  await f.dispose();
});
