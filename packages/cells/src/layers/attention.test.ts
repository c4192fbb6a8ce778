import {
  assertGradient,
  grad,
  key,
  keyFor,
  mul,
  normal,
  reshape,
  select,
  sliceAxis,
  sum,
  tensor,
  valuesOf,
  zerosLike,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { randomNormal } from "@sluice/params";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import { double, expectClose, expectGradients, storedIn, type Stored } from "../../../../fixtures/stored.ts";
import { attention, conv1d, dense, gru, sequence, sequential, stream, type AttentionOptions } from "../index.ts";
import { onBackend } from "../testing/compiled.ts";
import { mask as maskOfThree } from "../testing/runs.ts";
import { layerSubject } from "../testing/subject.ts";
import type { AttentionParams } from "./attention-parts.ts";

interface Case {
  readonly name: string;
  readonly options: Omit<AttentionOptions, "input">;
  readonly lengths: readonly number[];
  readonly mask?: Stored;
  readonly x: Stored;
  readonly params: Readonly<Record<keyof AttentionParams, Stored>>;
  readonly upstream: Stored;
  readonly weights: Stored;
  readonly output: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
}

const { cases } = storedIn<{ readonly cases: readonly Case[] }>("layers/attention.json");

const numbers = (y: Tensor): number[] => [...valuesOf(y)];

describe.each(cases)("PyTorch's MultiheadAttention: $name", (given) => {
  const layer = attention({ input: given.x.shape[2]!, ...given.options });
  const params = Object.fromEntries(
    Object.entries(given.params).map(([name, stored]) => [name, double(stored)]),
  ) as AttentionParams;
  const at = { params, x: double(given.x) };
  const apply = ({ params: weights, x }: { [K in keyof typeof at]: (typeof at)[K] }) =>
    layer.apply(weights, x, {
      lengths: given.lengths,
      ...(given.mask && { mask: tensor([...given.mask.data], given.mask.shape, { dtype: "bool" }) }),
      traces: ["weights"],
    });

  test("output and weights", () => {
    const { output, traces } = apply(at);
    expectClose("output", output, given.output, 1e-13);
    const { window } = given.options;
    const weights = traces["weights"]!;
    if (window === undefined) return expectClose("weights", weights, given.weights, 1e-13);
    // The last of the window's weights is that of the step itself.
    const [batch, time, heads] = given.weights.shape as [number, number, number];
    const found = numbers(weights);
    for (let i = 0; i < batch * time * heads; i++)
      for (let back = 0; back < window; back++) {
        const t = (Math.floor(i / heads) % time) - back;
        const expected = t < 0 ? 0 : given.weights.data[i * time + t]!;
        expect(found[i * window + window - 1 - back]).toBeCloseTo(expected, 13);
      }
  });

  test("gradients", () => {
    const { params: byParams, x } = grad((p: typeof at) => sum(mul(apply(p).output, double(given.upstream))))(at);
    expectGradients({ ...byParams, x }, given.gradients, 1e-12);
  });
});

describe("attention", () => {
  const root = key(5);
  const x = normal(root, [2, 6, 4], { dtype: "f64" });
  const flags = (rows: readonly number[], rate = [2, 6]): ArrayTensor => tensor(rows, rate, { dtype: "bool" });
  const resets = flags([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const mask = flags([1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1]);

  describe.each([
    ["all steps", attention({ input: 4, heads: 2 })],
    ["earlier steps", attention({ input: 4, heads: 2, causal: true })],
  ])("to %s", (_, layer) => {
    const params = layer.init(root, { dtype: "f64" });

    test("equals runs over each sequence alone, without masked steps", () => {
      const whole = numbers(layer.apply(params, x, { resets, mask, lengths: [6, 4] }).output);
      const sequences: readonly (readonly [row: number, steps: readonly number[]])[] = [
        [0, [0, 1]],
        [0, [2, 4]],
        [0, [5]],
        [1, [1, 2]],
      ];
      const seen = new Set<number>();
      for (const [row, steps] of sequences) {
        const part = tensor(
          new Float64Array(steps.flatMap((t) => numbers(x).slice((6 * row + t) * 4, (6 * row + t + 1) * 4))),
          [1, steps.length, 4],
        );
        const alone = numbers(layer.apply(params, part).output);
        steps.forEach((t, i) => {
          seen.add(6 * row + t);
          for (let c = 0; c < 4; c++) expect(whole[(6 * row + t) * 4 + c]).toBeCloseTo(alone[4 * i + c]!, 12);
        });
      }
      whole.forEach((y, i) => seen.has(Math.floor(i / 4)) || expect(y).toBe(0));
    });

    test("values at steps that are not taken reach nothing, NaN included", () => {
      const options = { mask, lengths: [6, 4], resets, traces: true };
      const taken = reshape(flags([1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0]), [2, 6, 1]);
      const at = (fill: number) => {
        const filled = select(taken, x, fill);
        const { output, traces } = layer.apply(params, filled, options);
        const g = grad((p: typeof params) => sum(mul(layer.apply(p, filled, options).output, x)))(params);
        return [output, traces["weights"]!, ...Object.values(g)].map(numbers);
      };
      expect(at(NaN)).toEqual(at(0));
    });

    test("masked steps repeat the last output where that is asked", () => {
      const zeros = numbers(layer.apply(params, x, { mask, resets }).output);
      const repeated = numbers(layer.apply(params, x, { mask, resets, maskedOutput: "repeat" }).output);
      const from = [0, 1, 2, 2, 4, 5, -1, 7, 8, 8, 10, 11];
      from.forEach((source, i) =>
        expect(repeated.slice(4 * i, 4 * i + 4)).toEqual(
          source < 0 ? [0, 0, 0, 0] : zeros.slice(4 * source, 4 * source + 4),
        ),
      );
    });

    test("has the reference's bits on WebAssembly", async () => {
      const backend = wasm();
      const subject = layerSubject(layer, undefined);
      await onBackend(subject, backend, 0);
      await onBackend(subject, backend, 0, { lengths: [4, 3, 2], mask: maskOfThree });
      await backend.close();
    });

    test("has the gradient of finite differences", () => {
      assertGradient(
        (at: { params: typeof params; x: Tensor }) =>
          layer.apply(at.params, at.x, { resets, mask, lengths: [6, 4] }).output,
        { params, x },
        { samples: 3 },
      );
    });
  });

  test("a window that holds all earlier steps is causal attention", () => {
    const [all, window] = [
      attention({ input: 4, heads: 2, causal: true }),
      attention({ input: 4, heads: 2, window: 6 }),
    ];
    const params = all.init(root, { dtype: "f64" });
    const options = { resets, mask, lengths: [6, 4] };
    const expected = numbers(all.apply(params, x, options).output);
    numbers(window.apply(params, x, options).output).forEach((y, i) => expect(y).toBeCloseTo(expected[i]!, 12));
  });

  test.each([
    ["all steps", {}, [2, 6, 2, 6]],
    ["a window", { window: 3 }, [2, 2, 3]],
  ])("weights to %s can be changed: without any, only the last bias is left", (_, options, shape) => {
    const layer = attention({ input: 4, heads: 2, biasInitializer: randomNormal(), ...options });
    const params = layer.init(root, { dtype: "f64" });
    const shapes: (readonly number[])[] = [];
    const { output } = layer.apply(params, x, {
      intervene(name, value) {
        if (name !== "weights") return value;
        shapes.push(value.shape);
        return zerosLike(value);
      },
    });
    expect(shapes[0]).toEqual(shape);
    numbers(output).forEach((y, i) => expect(y).toBe(numbers(params.bo!)[i % 4]));
    expect(() => layer.apply(params, x, { intervene: () => x })).toThrow("attention: intervene must return f64");
  });

  test("drops weights in training, and keeps their mean", () => {
    const layer = attention({ input: 4, heads: 2, dropout: 0.5 });
    const params = layer.init(root, { dtype: "f64" });
    const whole = numbers(layer.apply(params, x).output);
    const means = new Array<number>(whole.length).fill(0);
    for (let i = 0; i < 400; i++) {
      const drawn = layer.apply(params, x, { training: true, key: keyFor(root, `draw ${i}`) });
      numbers(drawn.output).forEach((y, at) => (means[at]! += y / 400));
    }
    means.forEach((y, i) => expect(Math.abs(y - whole[i]!)).toBeLessThan(0.25));
    expect(() => layer.apply(params, x, { training: true })).toThrow("dropout: training needs a key");
  });

  test("in a model of a convolution, windows of attention and a recurrent layer, step by step too", async () => {
    const model = sequential([
      conv1d({ input: 4, kernelSize: 3, depthwise: true, activation: "silu" }),
      attention({ input: 4, heads: 2, window: 3 }),
      sequence(gru({ input: 4, hidden: 3 })),
      dense({ input: 3, output: 2 }),
    ]);
    const params = model.init(root);
    const given = normal(root, [2, 6, 4]);
    const { output, state } = model.apply(params, given);
    const reading = await stream(model, params, { batch: 2 });
    for (let t = 0; t < 6; t++) {
      const now = tensor(numbers(sliceAxis(given, 1, t, t + 1)), [2, 4]);
      expect(numbers(await reading.step(now))).toEqual(numbers(sliceAxis(output, 1, t, t + 1)));
    }
    expect(numbers((await reading.state())[1].past!)).toEqual(numbers(state[1].past!));
    await reading.dispose();
  });

  test("cannot be read step by step without a window", async () => {
    const causal = attention({ input: 4, causal: true });
    const why = "each step reads all earlier steps, and no state holds them; bound them with `window`";
    await expect(stream(causal, causal.init(root))).rejects.toThrow(
      `stream: attention needs the whole sequence: ${why}`,
    );
    const model = sequential([dense({ input: 2, output: 4 }), causal]);
    await expect(stream(model, model.init(root))).rejects.toThrow(
      `stream: sequential needs the whole sequence: layer 1 (attention): ${why}`,
    );
    expect(() => causal.apply(causal.init(root), normal(root, [1, 3, 4]), { carryAfter: 2 })).toThrow(
      `attention: carryAfter needs a state, but ${why}`,
    );
  });

  const layer = attention({ input: 4, window: 2 });
  test.each<[string, () => unknown, string]>([
    ["no input", () => attention(Object({})), "attention: input must be an integer >= 1, got undefined"],
    [
      "heads that do not divide the output",
      () => attention({ input: 4, heads: 3 }),
      "attention: output must be a multiple of heads (3), got 4",
    ],
    ["a window of 0", () => attention({ input: 4, window: 0 }), "attention: window must be an integer >= 1, got 0"],
    [
      "a window that is not causal",
      () => attention({ input: 4, window: 2, causal: false }),
      "attention: a window holds the last steps, so it is causal; leave out causal: false",
    ],
    [
      "a rate of 1",
      () => attention({ input: 4, dropout: 1 }),
      "attention: the rate of dropout must lie in [0, 1), got 1",
    ],
    [
      "PyTorch's name of an option",
      () => attention(Object({ input: 4, numHeads: 2 })),
      "attention: unknown option numHeads; did you mean heads?",
    ],
    [
      "another trace",
      () => layer.apply(layer.init(root), normal(root, [1, 2, 4]), { traces: ["weight"] }),
      "attention: no trace weight; did you mean weights?",
    ],
    [
      "a vector",
      () => layer.apply(layer.init(root), normal(root, [2, 4])),
      "attention: expected an input [batch, time, 4], got [2, 4]",
    ],
    [
      "another state",
      () => layer.apply(layer.init(root), normal(root, [2, 3, 4]), { state: { past: normal(root, [2, 2, 9]) } }),
      "past is [2,2,9], expected [2,1,9]",
    ],
    [
      "perturbations of a state that it does not have",
      () =>
        attention({ input: 4 }).apply(attention({ input: 4 }).init(root), normal(root, [2, 3, 4]), {
          perturbations: { past: normal(root, [2, 3, 1, 9]) },
        }),
      "attention: perturbations has past",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
