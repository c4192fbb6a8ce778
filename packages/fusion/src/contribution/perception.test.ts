import { dense } from "@sluice/cells";
import { initialTree } from "@sluice/params";
import {
  add,
  gather,
  grad,
  key,
  keyFor,
  matmul,
  mul,
  normal,
  sliceAxis,
  sum,
  tensor,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { concatenation, gmu, gradientContributions, multimodal, perceptualScores, permuteModality } from "../index.ts";

const root = key(11);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const draw = (name: string, shape: readonly number[]): Tensor => normal(keyFor(root, name), shape, { dtype: "f64" });

describe("perceptual scores", () => {
  test("are the losses of the score, over orders that are permutations", async () => {
    // Truth is a alone: the score is the share of rows that keep their a.
    const rows = 200;
    const seen: string[] = [];
    const score = (permuted: { readonly name: string; readonly order: Int32Array } | undefined): number => {
      if (permuted === undefined) return 1;
      seen.push([...permuted.order].join());
      expect([...permuted.order].sort((x, y) => x - y)).toEqual(Array.from({ length: rows }, (_, row) => row));
      return permuted.name === "a" ? permuted.order.filter((from, row) => from === row).length / rows : 1;
    };
    const found = await perceptualScores(["a", "b"], score, { rows, key: key(1), orders: 3 });
    expect(new Set(seen).size).toBe(6);
    expect(found.loss.b).toBe(0);
    expect(found.permuted.a.length).toBe(3);
    const kept = found.permuted.a.reduce((x, y) => x + y, 0) / 3;
    expect(found.loss.a).toBeCloseTo(1 - kept, 12);
    // A random permutation keeps one row, on average.
    expect(kept).toBeLessThan(0.03);
    expect(found.share).toEqual(found.loss);
    const again = await perceptualScores(["a", "b"], score, { rows, key: key(1), orders: 3 });
    expect(again).toEqual(found);
  });

  test("divide by the score", async () => {
    const { loss, share } = await perceptualScores(["a"], (permuted) => (permuted ? 0.6 : 0.8), {
      rows: 3,
      key: key(1),
    });
    expect(loss.a).toBeCloseTo(0.2, 12);
    expect(share.a).toBeCloseTo(0.25, 12);
    expect((await perceptualScores(["a"], () => 0, { rows: 3, key: key(1) })).share.a).toBeNaN();
  });

  test("say what is wrong", async () => {
    const options = { rows: 3, key: key(1) };
    await expect(perceptualScores(["a", "a"], () => 0, options)).rejects.toThrow("the modality a comes twice");
    await expect(perceptualScores(["a"], () => NaN, options)).rejects.toThrow(
      "perceptualScores: the score with everything in place is NaN, expected a finite number",
    );
    await expect(perceptualScores(["a"], () => 0, { ...options, orders: 0 })).rejects.toThrow(
      "perceptualScores: orders must be an integer >= 1, got 0",
    );
  });

  test("a permuted modality comes with all its parts from other rows", () => {
    const x = draw("x", [3, 2, 1]);
    const present = tensor([1, 0, 1], [3], { dtype: "bool" });
    const s = {
      x,
      lengths: [2, 1, 0],
      times: draw("times", [3, 2]),
      present,
      extra: { mask: draw("mask", [3, 2, 1]) },
    };
    const { s: moved, v } = permuteModality({ s, v: x }, "s", [2, 0, 1]);
    const from = (y: Tensor): number[] => numbers(gather(y, tensor(Int32Array.of(2, 0, 1))));
    expect(v).toBe(x);
    expect(moved).toMatchObject({ lengths: [0, 2, 1] });
    const { times, present: here, extra, x: values } = Object(moved);
    expect([values, times, here, extra.mask].map(numbers)).toEqual([x, s.times, present, s.extra.mask].map(from));
    expect(() => permuteModality({ v: x }, Object("w"), [0, 1, 2])).toThrow("permuteModality: unknown modality w");
    expect(() => permuteModality({ v: x }, "v", [0, 1])).toThrow("expected an order of 3 rows from 0 to 2, got 2 rows");
    expect(() => permuteModality({ v: x }, "v", [0, 1, 3])).toThrow("expected an order of 3 rows from 0 to 2, got 3");
  });
});

describe("contributions by the gradient", () => {
  const inputs = { a: 2, b: 3 };

  test("of a linear model, gradient times input is what each modality adds", () => {
    const model = multimodal({
      encoders: {},
      fusion: concatenation({ inputs }),
      readout: dense({ input: 5, output: 1, bias: false }),
    });
    const params = initialTree(model.params, root, { dtype: "f64" }) as ReturnType<typeof model.init>;
    const x = { a: draw("a", [4, 2]), b: draw("b", [4, 3]) };
    const { a, b } = gradientContributions(model, params, x);
    const W = (params.readout as { readonly W: Tensor }).W;
    numbers(matmul(x.a, sliceAxis(W, 0, 0, 2))).forEach((y, i) => expect(numbers(a.timesInput)[i]).toBeCloseTo(y, 12));
    numbers(matmul(x.b, sliceAxis(W, 0, 2, 5))).forEach((y, i) => expect(numbers(b.timesInput)[i]).toBeCloseTo(y, 12));
    const length = Math.hypot(...numbers(W).slice(2));
    numbers(b.norm).forEach((y) => expect(y).toBeCloseTo(length, 12));
    numbers(add(a.timesInput, b.timesInput)).forEach((y, i) =>
      expect(y).toBeCloseTo(numbers(model.apply(params, x).output)[i]!, 12),
    );
  });

  test("of any score; what is missing contributes nothing, NaN included", () => {
    const fusion = gmu({ inputs, output: 2 });
    const params = initialTree(fusion.params, root, { dtype: "f64" }) as ReturnType<typeof fusion.init>;
    const [a, b] = [draw("a", [2, 2]), draw("b", [2, 3])];
    const present = tensor([1, 0], [2], { dtype: "bool" });
    const holes = { x: tensor(Float64Array.from([...numbers(b).slice(0, 3), NaN, NaN, NaN]), [2, 3]), present };
    const score = ({ output }: { readonly output: Tensor }): Tensor => sum(mul(output, output));
    const found = gradientContributions(fusion, params, { a, b: holes }, { score });
    expect([found.b.norm, found.b.timesInput, found.b.absolute].map((y) => numbers(y)[1])).toEqual([0, 0, 0]);
    const g = grad((x: Tensor) => score(fusion.apply(params, { a, b: { x, present } })))(b);
    const products = numbers(mul(g, b)).slice(0, 3);
    expect(numbers(found.b.timesInput)[0]).toBeCloseTo(
      products.reduce((x, y) => x + y),
      12,
    );
    expect(numbers(found.b.absolute)[0]).toBeCloseTo(
      products.reduce((x, y) => x + Math.abs(y), 0),
      12,
    );
    expect(numbers(found.b.norm)[0]).toBeCloseTo(Math.hypot(...numbers(g).slice(0, 3)), 12);
  });

  test("say what is wrong", () => {
    const fusion = gmu({ inputs, output: 2 });
    const x = { a: normal(root, [2, 2]), b: normal(root, [2, 3]) };
    expect(() => gradientContributions(fusion, fusion.init(root), x, Object({ scores: sum }))).toThrow(
      "gradientContributions: unknown option scores",
    );
  });
});
