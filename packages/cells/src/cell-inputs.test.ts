// Inputs of any rank, and extra inputs of any dtype.
import {
  add,
  assertGradient,
  full,
  gather,
  key,
  keyFor,
  matmul,
  mul,
  normal,
  reshape,
  select,
  sliceAxis,
  sum,
  tensor,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { kernel } from "@sluice/params";
import { describe, expect, test } from "vitest";
import { defineCell, gru, sequence, sequential, stream } from "./index.ts";

const [batch, time, input, hidden] = [3, 5, 2, 4];
const root = key(3);
const x = normal(keyFor(root, "x"), [batch, time, input]);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const steps = (y: Tensor, from: number, to: number): Tensor => sliceAxis(y, 1, from, to);
const flags = (rows: readonly (readonly number[])[]): Tensor =>
  tensor(rows.flat(), [rows.length, rows[0]!.length], { dtype: "bool" });

/** Reads a token's row, where it may, of an image. */
const reader = defineCell({
  name: "reader",
  input: ({ input: n }) => [2, n],
  extra: () => ({ token: { shape: [], dtype: "i32" }, may: { shape: [], dtype: "bool" }, rate: [1] }),
  params: ({ hidden: m }) => ({ E: kernel([6, m]), W: kernel([2, m]) }),
  state: ({ hidden: m }) => ({ h: [m] }),
  step({ E, W }, { h }, image, { extra: { token, may, rate } }) {
    const seen = matmul(sum(image, 1), W);
    const next = add(mul(h, rate), select(reshape(may, [h.shape[0]!, 1]), add(gather(E, token), seen), 0));
    return { state: { h: next }, output: "h" };
  },
});

describe("inputs", () => {
  const layer = sequence(reader({ input, hidden }));
  const params = layer.init(root);
  const images = normal(keyFor(root, "images"), [batch, time, 2, input]);
  const token = tensor(
    Int32Array.from({ length: batch * time }, (_, i) => i % 6),
    [batch, time],
  );
  const may = flags([
    [1, 0, 1, 1, 0],
    [0, 0, 1, 1, 1],
    [1, 1, 1, 0, 1],
  ]);
  const rate = full([batch, time, 1], 0.5);
  const extra = { token, may, rate };

  test("of any rank, with extras of any dtype, are read step by step", async () => {
    const { output } = layer.apply(params, images, { extra });
    const [E, W, pixels] = [numbers(params.E), numbers(params.W), numbers(images)];
    for (let b = 0; b < batch; b++) {
      const h = new Array<number>(hidden).fill(0);
      for (let t = 0; t < time; t++) {
        const at = (b * time + t) * 2 * input;
        for (let j = 0; j < hidden; j++) {
          let seen = E[((b * time + t) % 6) * hidden + j]!;
          for (let i = 0; i < input; i++) seen += (pixels[at + i]! + pixels[at + input + i]!) * W[i * hidden + j]!;
          h[j] = 0.5 * h[j]! + (numbers(may)[b * time + t] === 1 ? seen : 0);
          expect(numbers(output)[(b * time + t) * hidden + j]).toBeCloseTo(h[j]!, 5);
        }
      }
    }
    const reading = await stream(layer, params, { batch });
    const at = (y: Tensor, t: number) =>
      tensor(numbers(steps(y, t, t + 1)), [batch, ...y.shape.slice(2)], { dtype: y.dtype });
    for (let t = 0; t < time; t++) {
      const now = await reading.step(at(images, t), {
        extra: { token: at(token, t), may: at(may, t), rate: at(rate, t) },
      });
      expect(numbers(now)).toEqual(numbers(steps(output, t, t + 1)));
    }
    await reading.dispose();
  });

  test("are differentiated", () => {
    assertGradient(({ p, y, r }) => layer.apply(p, y, { extra: { token, may, rate: r }, lengths: [5, 3, 0] }).output, {
      p: params,
      y: images,
      r: rate,
    });
  });

  test("a bool that is read as a number is 0 or 1; other dtypes and shapes are errors", () => {
    const ones01 = full([batch, time, 1], 1, "bool");
    expect(numbers(layer.apply(params, images, { extra: { ...extra, rate: ones01 } }).output)).toEqual(
      numbers(layer.apply(params, images, { extra: { ...extra, rate: full([batch, time, 1], 1) } }).output),
    );
    expect(() => layer.apply(params, images, { extra: { ...extra, may: token } })).toThrow(
      "reader: extra may must be bool, got i32",
    );
    expect(() => layer.apply(params, x, { extra })).toThrow(
      "reader: expected an input [batch, time, 2, 2], got [3, 5, 2]",
    );
    expect(() => sequential([sequence(gru({ input, hidden: 2 })), layer])).toThrow(
      "takes f32 [2,2] per step, so no layer can come before it",
    );
  });
});
