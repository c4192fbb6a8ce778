import { grad, key, normal, sum, tensor, valuesOf } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gmu, keepModalities, modalityContributions } from "../index.ts";

const names = ["audio", "video", "text"] as const;

describe("contributions of modalities", () => {
  test("are the terms of a sum", async () => {
    const worth = { audio: 3, video: -1, text: 0.5 };
    const { shapley, alone, ablation, subsets } = await modalityContributions(names, (present) =>
      present.reduce((total, name) => total + worth[name], 10),
    );
    for (const name of names) {
      expect(shapley[name]).toBeCloseTo(worth[name], 12);
      expect(alone[name]).toBe(10 + worth[name]);
      expect(ablation[name]).toBe(worth[name]);
    }
    expect(subsets.map(({ modalities }) => modalities.join("+"))).toEqual([
      "",
      "audio",
      "video",
      "audio+video",
      "text",
      "audio+text",
      "video+text",
      "audio+video+text",
    ]);
  });

  // The game of gloves: one left glove and two right ones; a pair is worth 1. Its Shapley values are 2/3, 1/6, 1/6.
  test("are those of the game of gloves", async () => {
    const { shapley, ablation } = await modalityContributions(["left", "right", "spare"], (present) =>
      present.includes("left") && present.length > 1 ? 1 : 0,
    );
    expect(shapley.left).toBeCloseTo(2 / 3, 14);
    expect(shapley.right).toBeCloseTo(1 / 6, 14);
    expect(shapley.spare).toBeCloseTo(1 / 6, 14);
    // Ablation alone would say that neither right glove matters.
    expect(ablation).toEqual({ left: 1, right: 0, spare: 0 });
  });

  test("are the mean gains over all orders, and add up to the whole", async () => {
    const scores = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 16, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(scores, async (v) => {
        const four = ["0", "1", "2", "3"] as const;
        const indexOf = (present: readonly string[]): number =>
          present.reduce((total, m) => total + (1 << Number(m)), 0);
        const { shapley } = await modalityContributions(four, (present) => v[indexOf(present)]!);
        const gains = [0, 0, 0, 0];
        for (const order of ordersOf([0, 1, 2, 3])) {
          let subset = 0;
          for (const m of order) {
            gains[m]! += (v[subset | (1 << m)]! - v[subset]!) / 24;
            subset |= 1 << m;
          }
        }
        four.forEach((name, m) => expect(shapley[name]).toBeCloseTo(gains[m]!, 10));
        expect(Object.values(shapley).reduce((a, b) => a + b)).toBeCloseTo(v[15]! - v[0]!, 10);
      }),
      { numRuns: 50 },
    );
  });

  test("say what is wrong", async () => {
    await expect(modalityContributions([], () => 0)).rejects.toThrow(
      "modalityContributions: expected at least one modality, got none",
    );
    await expect(modalityContributions(["a", "a"], () => 0)).rejects.toThrow("the modality a comes twice");
    await expect(modalityContributions(["a", "b"], (present) => (present.length > 1 ? NaN : 0))).rejects.toThrow(
      "modalityContributions: the score with a, b is NaN, expected a finite number",
    );
  });
});

const ordersOf = (items: readonly number[]): number[][] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item) => ordersOf(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));

test("modalities that are not kept reach nothing", () => {
  const fusion = gmu({ inputs: { a: 2, b: 1 }, output: 3 });
  const params = fusion.init(key(1));
  const [a, b] = [
    normal(key(2), [2, 2]),
    { x: normal(key(3), [2, 1]), present: tensor([1, 0], [2], { dtype: "bool" }) },
  ];
  const kept = keepModalities({ a, b }, ["a"]);
  const alone = fusion.apply(params, { a, b: { x: b.x, present: tensor([0, 0], [2], { dtype: "bool" }) } });
  expect([...valuesOf(fusion.apply(params, kept).output)]).toEqual([...valuesOf(alone.output)]);
  const g = grad((x: typeof b.x) => sum(fusion.apply(params, keepModalities({ a, b: { ...b, x } }, ["a"])).output))(
    b.x,
  );
  expect([...valuesOf(g)]).toEqual([0, 0]);
  expect(keepModalities({ a, b }, ["a", "b"])).toEqual({ a, b });
  expect(() => keepModalities({ a, b }, [Object("c")])).toThrow("keepModalities: unknown modality c; known: a, b");
});
