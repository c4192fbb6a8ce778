// gla's low-rank gate and temperature, which the fixtures of fla do not have, in a plain loop; and options that do not
// fit. The rest is in golden.test.ts.
import { key, normal, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import { gla, sequence } from "../index.ts";

const [time, input, hidden, heads, keyWidth, rank, temperature] = [4, 3, 6, 2, 4, 2, 4];
const [perHead, width] = [keyWidth / heads, hidden / heads];

test("gla is the paper's recurrence, with keys of another width than values", () => {
  const layer = sequence(gla({ input, hidden, heads, keyWidth, rank, temperature }));
  const params = layer.init(key(1), { dtype: "f64" });
  const x = normal(key(2), [1, time, input], { dtype: "f64" });
  const [W, W1, W2, xs] = [params.W, params.W1, params.W2, x].map((y) => [...valuesOf(y)]) as number[][];
  const found = valuesOf(layer.apply(params, x).output);
  const S = new Array<number>(heads * perHead * width).fill(0);
  for (let t = 0; t < time; t++) {
    const product = (matrix: number[], columns: number, column: number): number => {
      let total = 0;
      for (let i = 0; i < input; i++) total += xs![t * input + i]! * matrix[i * columns + column]!;
      return total;
    };
    const qkv = (column: number): number => product(W!, 2 * keyWidth + hidden, column);
    for (let head = 0; head < heads; head++) {
      for (let j = 0; j < width; j++) {
        let o = 0;
        for (let i = 0; i < perHead; i++) {
          const row = head * perHead + i;
          let gate = 0;
          for (let r = 0; r < rank; r++) gate += product(W1!, rank, r) * W2![r * keyWidth + row]!;
          const alpha = (1 / (1 + Math.exp(-gate))) ** (1 / temperature);
          const at = row * width + j;
          const next = alpha * S[at]! + qkv(keyWidth + row) * qkv(2 * keyWidth + head * width + j);
          S[at] = next;
          o += qkv(row) * next;
        }
        expect(found[t * hidden + head * width + j]).toBeCloseTo(o / Math.sqrt(perHead), 12);
      }
    }
  }
});

test("options that do not fit are named", () => {
  expect(() => gla({ input, hidden, heads: 4 })).toThrow("gla: keyWidth 3 and hidden 6 must divide into 4 heads");
  expect(() => gla({ input, hidden: 5, heads: 1 })).toThrow("gla: keyWidth must be an integer >= 1, got 2.5");
  expect(() => gla({ input, hidden, heads: 1, temperature: 0 })).toThrow(
    "gla: temperature must be a finite number above",
  );
  expect(() => gla({ input, hidden, heads: 1, biases: 2 as 1 })).toThrow("gla: biases must be 0 or 1, got 2");
});
