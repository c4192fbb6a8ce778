// Programs of 10,000 operations (3,000 in `npm test`) and thousands of tensors. What grows with the square of a program
// shows as a test that does not end; the limits of WebAssembly, as one that fails.
import { optimize, planProgram, type Step } from "@sluice/compiler";
import * as t from "@sluice/tensor";
import * as internal from "@sluice/tensor/internal";
import type { ArrayTensor, Tensor } from "@sluice/tensor";
import { randomTensor } from "@sluice/tensor/testing";
import { afterAll, describe, expect, inject, test, vi } from "vitest";
import { closeVariants, expectAgreement } from "../testing/agree.ts";
import { wasm } from "./wasm.ts";

vi.setConfig({ testTimeout: 300_000 });
afterAll(closeVariants);

const operations = inject("long") ? 10_000 : 3_000;

type Large = readonly [f: (...args: Tensor[]) => Tensor[], args: readonly ArrayTensor[]];

const tensors = (count: number, shape: readonly number[]): ArrayTensor[] =>
  Array.from({ length: count }, (_, i) => randomTensor(shape, "f32", i));
const withGradients =
  (loss: (...args: Tensor[]) => Tensor) =>
  (...args: Tensor[]): Tensor[] => {
    const { value, gradient } = t.valueAndGrad((all: readonly Tensor[]) => loss(...all))(args);
    return [value, ...gradient];
  };

const chain = (x: Tensor, count: number): Tensor => {
  let y = x;
  for (let i = 0; i < count; i++) y = i % 8 === 7 ? t.tanh(y) : t.add(y, x);
  return y;
};

const gru = (W: Tensor, U: Tensor, h: Tensor, x: Tensor): Tensor => {
  const [xr, xz, xn] = t.split(t.matmul(x, W), 3);
  const [hr, hz, hn] = t.split(t.matmul(h, U), 3);
  const z = t.sigmoid(t.add(xz!, hz!));
  return t.add(t.mul(z, h), t.mul(t.sub(1, z), t.tanh(t.add(xn!, t.mul(t.sigmoid(t.add(xr!, hr!)), hn!)))));
};

/** Each of about `size` operations. */
const programs: Readonly<Record<string, (size: number) => Large>> = {
  "a chain": (size) => [(x) => [chain(x!, size)], tensors(1, [4])],
  "a chain with its gradient": (size) => [withGradients((x) => t.sum(chain(x!, size / 3))), tensors(1, [4])],
  "a wide sum": (size) => [
    (x) => [Array.from({ length: size / 2 }, (_, i) => t.mul(x!, i)).reduce<Tensor>((a, b) => t.add(a, b), x!)],
    tensors(1, [4]),
  ],
  "results of one shape": (size) => [
    (x) => Array.from({ length: size / 4 }, (_, i) => t.mul(t.add(x!, i), i)),
    tensors(1, [4]),
  ],
  "a sum of many tensors": (size) => [
    (...xs) => [xs.reduce((a, b) => t.add(a, t.mul(b, 0.5)))],
    tensors(size / 4, [3]),
  ],
  "a tree of transposes": (size) => [
    (x) => {
      let level: Tensor[] = Array.from({ length: size / 3 }, (_, i) => t.mul(x!, i / size));
      while (level.length > 1)
        level = level.flatMap((y, i) =>
          i % 2 === 1 ? [] : [i + 1 < level.length ? t.add(t.transpose(y), level[i + 1]!) : y],
        );
      return level;
    },
    tensors(1, [3, 3]),
  ],
  "views of views": (size) => [
    (x) => {
      let y = t.neg(x!);
      for (let i = 0; i < size / 2; i++) y = t.transpose(y);
      let z = y;
      for (let i = 0; i < size / 2; i++) z = t.reshape(z, i % 2 === 0 ? [16] : [2, 8]);
      return [t.matmul(y, y), z];
    },
    tensors(1, [4, 4]),
  ],
  "joined parts": (size) => [
    (x) => [
      t.concat(
        Array.from({ length: size / 2 }, (_, i) => t.mul(t.sliceAxis(x!, 0, i % 4, (i % 4) + 1), i)),
        0,
      ),
    ],
    tensors(1, [4]),
  ],
  "a GRU of 400 unrolled steps, with gradients": (size) => [
    withGradients((W, U, ...xs) =>
      t.sum(t.square(xs.reduce((h, x) => gru(W!, U!, h, x), internal.zerosArray([2, 5]) as Tensor))),
    ),
    [...tensors(1, [3, 15]), ...tensors(1, [5, 15]), ...tensors(size / 25, [2, 3])],
  ],
  "300 dense layers, with gradients": (size) => [
    withGradients((x, ...layers) =>
      t.sum(layers.reduce((y, w) => t.tanh(t.add(t.matmul(y, w), t.sliceAxis(w, 0, 0, 1))), x!)),
    ),
    [...tensors(1, [2, 4]), ...tensors(size / 33, [4, 4])],
  ],
  "a loop with a long step, with gradients": (size) => [
    withGradients((x) =>
      t.sum(t.scan((h: Tensor) => ({ state: chain(t.mul(h, x!), size / 6), output: [] }), x!, [], { length: 2 }).state),
    ),
    tensors(1, [4]),
  ],
  "a loop with many products, a sum of them and many outputs": (size) => [
    (h, ...ws) => {
      const { state, output } = t.scan(
        (s: Tensor) => {
          const products = ws.map((w) => t.matmul(s, w));
          return { state: t.tanh(products.reduce((a, b) => t.add(a, b))), output: products.map((y) => t.neg(y)) };
        },
        h!,
        [],
        { length: 2 },
      );
      return [state, ...output];
    },
    [...tensors(1, [2, 4]), ...tensors(size / 12, [4, 4])],
  ],
  "a loop that works long on each input before it reads its state": (size) => [
    (h, xs, W) => [
      t.scan((s: Tensor, x: Tensor) => ({ state: t.tanh(t.add(s, t.matmul(chain(x, size), W!))), output: [] }), h!, xs!)
        .state,
    ],
    [...tensors(1, [2, 4]), ...tensors(1, [2, 2, 4]), ...tensors(1, [4, 4])],
  ],
};

describe.each(Object.entries(programs))("%s", (_, make) => {
  test(`of ${operations} operations compiles, and has the bits of the definitions`, async () => {
    const [f, args] = make(operations);
    await expectAgreement(f, args, ["2 threads"]);
  });

  test("twice the operations are at most twice the steps and buffers, and no pass is longer", () => {
    const [few, many] = [operations / 2, operations].map((size) => {
      const [f, args] = make(size);
      return planProgram(optimize(t.recordProgram((...symbols: Tensor[]) => f(...symbols), [...args]).program), {
        panelColumns: 8,
      });
    });
    const flat = (steps: readonly Step[]): readonly Step[] =>
      steps.flatMap((step) => (step.kind === "loop" ? flat(step.body) : [step]));
    expect(flat(many!.steps).length).toBeLessThanOrEqual(2.1 * flat(few!.steps).length + 10);
    expect(many!.buffers.length).toBeLessThanOrEqual(2.1 * few!.buffers.length + 10);
    for (const step of flat(many!.steps)) {
      if (step.kind !== "elementwise") continue;
      expect(step.instructions.length).toBeLessThanOrEqual(1500);
      expect(step.inputs.length + step.stores.length).toBeLessThan(1000);
    }
  });
});

test("2,000 tensors as state, each replaced by what was another's", async () => {
  const count = 2_000;
  const initial = tensors(count, [3]);
  const backend = wasm({ threads: 2 });
  const session = await t.compileStep(
    (state: readonly Tensor[], x: Tensor) => ({
      state: state.map((_, i) => (i % 2 === 0 ? state[i + 1]! : t.add(state[i - 1]!, x))),
      output: state[0]!,
    }),
    initial,
    [t.tensor([1, 2, 3])],
    { backend },
  );
  await session.run(t.tensor([1, 2, 3]));
  const after = await session.state();
  after.forEach((y, i) => {
    const expected =
      i % 2 === 0 ? [...initial[i + 1]!.data] : [...initial[i - 1]!.data].map((v, j) => Math.fround(v + j + 1));
    expect([...t.valuesOf(y)]).toEqual(expected);
  });
  await session.dispose();
  await backend.close();
});

test("more than a memory can hold is an error that says what is planned, what takes it, and what to do", async () => {
  const x = internal.placeholder({ shape: [1000, 600, 600], dtype: "f32" }, "x");
  const scan = (xs: Tensor): Tensor =>
    t.scan(
      (h: Tensor, v: Tensor) => ({ state: t.tanh(t.add(h, v)), output: h }),
      internal.zerosArray([600, 600]) as Tensor,
      xs,
    ).output;
  await expect(t.compile((xs: Tensor) => t.add(scan(xs), t.exp(xs)), [x], { backend: wasm() })).rejects.toThrow(
    /compile: \d+\.\d MB are planned, and at most 4227\.9 MB can be addressed here\. The largest values are \[1000,600,600\] of a \w+ \(1440\.0 MB\), .* \{ memory: 1e9 \}/,
  );
});
