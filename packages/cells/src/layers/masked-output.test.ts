// Masked steps put out zeros or repeat the last output, as asked, in every layer.
import {
  gather,
  grad,
  key,
  normal,
  reshape,
  sliceAxis,
  square,
  sum,
  tensor,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { bidirectional } from "./bidirectional.ts";
import { dense } from "./dense.ts";
import { embedding } from "./embedding.ts";
import { sequence } from "./sequence.ts";
import { sequential } from "./sequential.ts";
import { stream } from "./stream.ts";
import { gru } from "../gated/gru.ts";
import { lstm } from "../gated/lstm.ts";
import type { Layer } from "./layer.ts";

const [batch, time, input] = [2, 6, 3];
const x = normal(key(1), [batch, time, input]);
const mask = tensor([0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1], [batch, time], { dtype: "bool" });
const resets = tensor([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], [batch, time], { dtype: "bool" });
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
/** Numbers of step t of row b. */
const at = (y: Tensor, b: number, t: number): number[] => {
  const [, steps, width] = y.shape;
  return numbers(y).slice((b * steps! + t) * width!, (b * steps! + t + 1) * width!);
};

/** Which step's output stands at each step, going forwards or backwards; -1 where there are zeros. */
function sources(b: number, options: { reverse?: boolean; resets?: boolean; length?: number }): number[] {
  const { reverse = false, length = time } = options;
  const found = new Array<number>(time).fill(-1);
  let last = -1;
  for (let i = 0; i < length; i++) {
    const t = reverse ? length - 1 - i : i;
    if (options.resets === true && numbers(resets)[b * time + t] === 1) last = -1;
    if (numbers(mask)[b * time + t] === 1) last = t;
    found[t] = last;
  }
  return found;
}

const layers: Readonly<Record<string, Layer>> = {
  sequence: sequence(gru({ input, hidden: 4 })),
  dense: dense({ input, output: 2 }),
  stack: sequential([sequence(lstm({ input, hidden: 4 })), dense({ input: 4, output: 2, bias: false })]),
};

describe.each(Object.entries(layers))("%s", (_, layer) => {
  const params = layer.init(key(2));

  test.each([{}, { resets: true }, { length: 4 }])("repeats its row's last output (%o)", (given) => {
    const options = {
      mask,
      ...("resets" in given ? { resets } : {}),
      ...("length" in given ? { lengths: [4, 4] } : {}),
    };
    const zeros = layer.apply(params, x, options).output;
    const { output } = layer.apply(params, x, { ...options, maskedOutput: "repeat" });
    const length = "length" in given ? 4 : time;
    for (let b = 0; b < batch; b++)
      sources(b, given)
        .slice(0, length)
        .forEach((source, t) =>
          expect(at(output, b, t), `row ${b}, step ${t}`).toEqual(
            source < 0 ? at(zeros, b, t).map(() => 0) : at(zeros, b, source),
          ),
        );
  });
});

test("backwards it repeats what came before in the order of the steps", () => {
  const layer = bidirectional(gru({ input, hidden: 2 }));
  const params = layer.init(key(2));
  const zeros = layer.apply(params, x, { mask }).output;
  const { output } = layer.apply(params, x, { mask, maskedOutput: "repeat" });
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < time; t++) {
      const from = sources(b, { reverse: true })[t]!;
      expect(at(output, b, t).slice(2)).toEqual(from < 0 ? [0, 0] : at(zeros, b, from).slice(2));
    }
});

test("a stream with masks does the same", async () => {
  const layer = sequence(gru({ input, hidden: 4 }));
  const params = layer.init(key(2));
  for (const maskedOutput of ["zeros", "repeat"] as const) {
    const { output, state } = layer.apply(params, x, { mask, maskedOutput });
    const reading = await stream(layer, params, { batch, masks: true, maskedOutput });
    for (let t = 0; t < time; t++) {
      const step = (y: Tensor) =>
        tensor(numbers(sliceAxis(y, 1, t, t + 1)), [batch, ...y.shape.slice(2)], { dtype: y.dtype });
      expect(numbers(await reading.step(step(x), { mask: step(mask) }))).toEqual(
        numbers(sliceAxis(output, 1, t, t + 1)),
      );
    }
    expect(numbers((await reading.state()).h)).toEqual(numbers(state.h));
    await reading.dispose();
  }
});

test("another word is an error", () => {
  const layer = sequence(gru({ input, hidden: 4 }));
  expect(() => layer.apply(layer.init(key(1)), x, Object({ mask, maskedOutput: "last" }))).toThrow(
    "gru.apply: unknown maskedOutput last",
  );
});

describe("embedding", () => {
  const ids = tensor(Int32Array.from([1, 4, 1, 0, 2, 1, 3, 3, 0, 0, 4, 2]), [batch, time]);
  const layer = embedding({ tokens: 5, features: 3, padding: 0 });
  const params = layer.init(key(3));

  test("puts rows of its matrix, zeros for the padding, and repeats where masked", () => {
    const { output } = layer.apply(params, ids);
    const expected = numbers(gather(params.W, reshape(ids, [batch * time])));
    numbers(output).forEach((y, i) => expect(y).toBe(numbers(ids)[Math.floor(i / 3)] === 0 ? 0 : expected[i]));
    const repeated = layer.apply(params, ids, { mask, maskedOutput: "repeat" }).output;
    for (let b = 0; b < batch; b++)
      sources(b, {}).forEach((from, t) =>
        expect(at(repeated, b, t)).toEqual(from < 0 ? [0, 0, 0] : at(output, b, from)),
      );
  });

  test("the gradient adds up over the places of an id, and leaves the padding alone", () => {
    const g = grad((p: typeof params) => sum(layer.apply(p, ids, { lengths: [6, 3] }).output))(params);
    const counts = [0, 3, 1, 2, 1];
    expect(numbers(g.W)).toEqual(counts.flatMap((n) => [n, n, n]));
  });

  test("in a model of tokens, also step by step", async () => {
    const model = sequential([
      embedding({ tokens: 5, features: 3 }),
      sequence(lstm({ input: 3, hidden: 4 })),
      dense({ input: 4, output: 5 }),
    ]);
    const weights = model.init(key(4));
    const { output } = model.apply(weights, ids, { lengths: [6, 4] });
    expect(output.shape).toEqual([batch, time, 5]);
    const g = grad((p: typeof weights) => sum(square(model.apply(p, ids).output)))(weights);
    expect(numbers(g[0].W).some((value) => value !== 0)).toBe(true);
    const reading = await stream(model, weights, { batch });
    const whole = model.apply(weights, ids).output;
    for (let t = 0; t < time; t++) {
      const now = tensor(Int32Array.from(numbers(sliceAxis(ids, 1, t, t + 1))), [batch]);
      expect(numbers(await reading.step(now))).toEqual(numbers(sliceAxis(whole, 1, t, t + 1)));
    }
    await reading.dispose();
  });

  test("ids outside are errors where they are looked at; so are inputs of another kind", () => {
    const wrong = tensor(Int32Array.from([1, 4, 9, 0, 2, 1, 3, 3, 0, 0, 4, 2]), [batch, time]);
    expect(() => layer.apply(params, wrong)).toThrow("embedding: ids must lie in 0 to 4, got 9 at row 0, step 2");
    expect(() => layer.apply(params, wrong, { lengths: [2, 6] })).not.toThrow();
    expect(() => layer.apply(params, x)).toThrow("embedding: expected an input [batch, time], got [2, 6, 3]");
    expect(() => layer.apply(params, reshape(sliceAxis(x, 2, 0, 1), [batch, time]))).toThrow(
      "embedding: expected an input i32 [batch, time], got f32 [2, 6]",
    );
    expect(() => embedding({ tokens: 5, features: 3, padding: 5 })).toThrow(
      "embedding: padding must be an id from 0 to 4, got 5",
    );
  });
});
