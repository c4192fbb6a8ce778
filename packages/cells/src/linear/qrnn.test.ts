// qrnn and windowedQrnn against the equations of arXiv:1611.01576, section 2, in plain loops.
import { key, normal, valuesOf, type Tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { qrnn, sequence, windowedQrnn, type QrnnPooling } from "../index.ts";

const [batch, time, input, hidden] = [2, 6, 3, 4];
const f64 = { dtype: "f64" } as const;
const x = normal(key(1), [batch, time, input], f64);
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

/** Outputs `[batch, time, hidden]`; W and b are stacked in the order of `order`. */
function plain(order: string, window: number, W: Tensor, b: Tensor, c0: Tensor): number[] {
  const [xs, w, bias, start] = [x, W, b, c0].map((each) => [...valuesOf(each)]) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const width = order.length * hidden;
  const outputs: number[] = [];
  for (let row = 0; row < batch; row++) {
    const c = start.slice(row * hidden, (row + 1) * hidden);
    for (let t = 0; t < time; t++) {
      const convolution = (block: string, j: number): number => {
        const column = order.indexOf(block) * hidden + j;
        let total = bias[column]!;
        for (let k = 0; k < window; k++) {
          const at = t - (window - 1) + k;
          if (at < 0) continue;
          for (let i = 0; i < input; i++)
            total += xs[(row * time + at) * input + i]! * w[(k * input + i) * width + column]!;
        }
        return total;
      };
      for (let j = 0; j < hidden; j++) {
        const [z, f] = [Math.tanh(convolution("z", j)), sigmoid(convolution("f", j))];
        const next = f * c[j]! + (order.includes("i") ? sigmoid(convolution("i", j)) : 1 - f) * z;
        c[j] = next;
        outputs.push(order.includes("o") ? sigmoid(convolution("o", j)) * next : next);
      }
    }
  }
  return outputs;
}

const orders: Readonly<Record<QrnnPooling, string>> = { f: "zf", fo: "zfo", ifo: "zfio" };
const runs = (["f", "fo", "ifo"] as const).flatMap((pooling) => [1, 2, 3].map((window) => ({ pooling, window })));

test.each(runs)("pooling $pooling, window $window", ({ pooling, window }) => {
  const order = orders[pooling];
  const W = normal(key(2), [window * input, order.length * hidden], f64);
  const b = normal(key(3), [order.length * hidden], f64);
  const c = normal(key(4), [batch, hidden], f64);
  const sizes = { input, hidden, pooling };
  const { output } =
    window === 1
      ? sequence(qrnn(sizes)).apply({ W, b }, x, { state: { c } })
      : sequence(windowedQrnn({ ...sizes, window })).apply({ W, b }, x, {
          state: { c, last: normal(key(5), [batch, (window - 1) * input], { ...f64, deviation: 0 }) },
        });
  plain(order, window, W, b, c).forEach((y, i) => expect(valuesOf(output)[i]).toBeCloseTo(y, 12));
});

test("options that do not fit are named", () => {
  expect(() => qrnn({ input, hidden, pooling: "of" as QrnnPooling })).toThrow("qrnn: unknown pooling of; did you mean");
  expect(() => windowedQrnn({ input, hidden, window: 1 })).toThrow(
    "windowedQrnn: window must be an integer >= 2, got 1; a window of one step is qrnn",
  );
});
