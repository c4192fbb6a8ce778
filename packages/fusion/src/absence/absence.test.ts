import { embedding } from "@sluice/cells";
import { grad, key, keyFor, mapTree, normal, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { concatenation, gmu, learnedPlaceholders, modalityDropout, multimodal } from "../index.ts";

const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const flags = (values: readonly number[]): Tensor => tensor(values, [values.length], { dtype: "bool" });

describe("modality dropout", () => {
  const rows = 4000;
  const inputs = { a: 1, b: 1, c: 1 };
  const one = { x: tensor(new Array<number>(rows).fill(1), [rows, 1]) };
  // With presence, the last three columns say what is there.
  const seen = concatenation({ inputs, presence: true });

  const drop = (rate: number | { a?: number; b?: number; c?: number }, modalities = { a: one, b: one, c: one }) => {
    const { output } = modalityDropout(seen, { rate }).apply({}, modalities, { training: true, key: key(3) });
    const values = numbers(output);
    return Array.from({ length: rows }, (_, row) => values.slice(6 * row + 3, 6 * row + 6));
  };
  const meanOf = (kept: readonly number[][], column: number): number =>
    kept.reduce((total, row) => total + row[column]!, 0) / kept.length;

  test("drops each at its rate", () => {
    const kept = drop({ a: 0.5, b: 0.1 });
    // Four standard deviations of a share of 4,000 rows: 4 sqrt(0.25 / 4000).
    expect(Math.abs(meanOf(kept, 0) - 0.5)).toBeLessThan(0.032);
    expect(Math.abs(meanOf(kept, 1) - 0.9)).toBeLessThan(0.032);
    expect(meanOf(kept, 2)).toBe(1);
  });

  test("drops independently, but never everything", () => {
    const kept = drop(0.6);
    expect(kept.every((row) => row.some((here) => here === 1))).toBe(true);
    // Alone: two dropped and one kept, 3 (0.6^2 0.4), or all dropped and one brought back, 0.6^3.
    const alone = kept.filter((row) => row.reduce((a, b) => a + b, 0) === 1).length / rows;
    expect(Math.abs(alone - (3 * 0.36 * 0.4 + 0.216))).toBeLessThan(0.032);
    // Each is brought back as often.
    for (const column of [0, 1, 2]) expect(Math.abs(meanOf(kept, column) - (0.4 + 0.216 / 3))).toBeLessThan(0.032);
  });

  test("leaves missing what is missing, and the only one that a row has", () => {
    const half = flags(Array.from({ length: rows }, (_, row) => row % 2));
    const none = flags(new Array<number>(rows).fill(0));
    const kept = drop(0.9, { a: one, b: Object({ ...one, present: half }), c: Object({ ...one, present: none }) });
    kept.forEach(([a, b, c], row) => {
      expect(c).toBe(0);
      if (row % 2 === 0) expect([a, b]).toEqual([1, 0]);
      else expect(a! + b!).toBeGreaterThan(0);
    });
  });

  test("drops whole sequences, and keeps their missing steps", () => {
    const steps = concatenation({ inputs: { s: { kind: "sequence", width: 1 }, v: 1 }, presence: true });
    const s = {
      x: tensor([1, 2, 3, 4, 5, 6], [2, 3, 1]),
      lengths: [3, 2],
      present: tensor([1, 0, 1, 1, 1, 1], [2, 3], { dtype: "bool" }),
    };
    const dropped = modalityDropout(steps, { rate: { s: 0.5 } });
    const seenSteps = new Set<string>();
    for (let draw = 0; draw < 20; draw++) {
      const { output } = dropped.apply(
        {},
        { s, v: tensor([7, 8], [2, 1]) },
        { training: true, key: keyFor(key(1), `${draw}`) },
      );
      const values = numbers(output);
      for (const row of [0, 1])
        seenSteps.add(`${row}: ${[0, 1, 2].map((t) => values[(row * 3 + t) * 4 + 2]).join("")}`);
    }
    expect([...seenSteps].sort()).toEqual(["0: 000", "0: 101", "1: 000", "1: 110"]);
  });

  test("evaluates as the fusion does, and says what is wrong", () => {
    const fusion = gmu({ inputs, output: 2 });
    const dropped = modalityDropout(fusion, { rate: 0.9 });
    const [params, x] = [fusion.init(key(1)), { a: one, b: one, c: one }];
    expect(numbers(dropped.apply(params, x).output)).toEqual(numbers(fusion.apply(params, x).output));
    expect(() => dropped.apply(params, x, { training: true })).toThrow(
      "modalityDropout: training needs a key; pass { training: true, key: key(seed) }",
    );
    expect(() => modalityDropout(fusion, { rate: 1 })).toThrow("modalityDropout: rate of a must lie in [0, 1), got 1");
    expect(() => modalityDropout(fusion, { rate: Object({ d: 0.1 }) })).toThrow(
      "modalityDropout: rate: unknown option d",
    );
  });
});

describe("learned placeholders", () => {
  const inputs = { a: 2, s: { kind: "sequence", width: 1 } } as const;
  const fusion = learnedPlaceholders(concatenation({ inputs, presence: true }));
  const params = mapTree(fusion.init(key(1)), (w, path) => normal(keyFor(key(2), path), w.shape));
  const [a, s] = [numbers(params.placeholders.a), numbers(params.placeholders.s)];

  test("stand where something is missing, which then counts as present", () => {
    const modalities = {
      a: { x: tensor([1, 2, NaN, NaN], [2, 2]), present: flags([1, 0]) },
      s: {
        x: tensor([3, NaN, NaN, 4, 5, NaN], [2, 3, 1]),
        lengths: [2, 3],
        present: tensor([1, 0, 0, 1, 1, 0], [2, 3], { dtype: "bool" }),
      },
    };
    const { output } = fusion.apply(params, modalities);
    const expected = [
      [1, 2, 3, 1, 1],
      [1, 2, s[0], 1, 1],
      [0, 0, 0, 0, 0],
      [a[0], a[1], 4, 1, 1],
      [a[0], a[1], 5, 1, 1],
      [a[0], a[1], s[0], 1, 1],
    ];
    expect(numbers(output)).toEqual(expected.flat());
    const g = grad((p: typeof params) => sum(fusion.apply(p, modalities).output))(params);
    // The second row's vector at three steps; one step of each row's sequence.
    expect(numbers(g.placeholders.a)).toEqual([3, 3]);
    expect(numbers(g.placeholders.s)).toEqual([2]);
  });

  test("are as many as the length says where a whole sequence is missing", () => {
    const { output } = fusion.apply(params, {
      a: tensor([1, 2, 3, 4], [2, 2]),
      s: { x: tensor([NaN, NaN, 4, 5], [2, 2, 1]), lengths: [1, 2], present: flags([0, 1]) },
    });
    const rows = [
      [1, 2, s[0], 1, 1],
      [0, 0, 0, 0, 0],
      [3, 4, 4, 1, 1],
      [3, 4, 5, 1, 1],
    ];
    expect(numbers(output)).toEqual(rows.flat());
  });

  test("are refused for token ids", () => {
    const model = multimodal({
      encoders: { text: embedding({ tokens: 3, features: 2 }) },
      fusion: concatenation({ inputs: { text: { kind: "sequence", width: 2 } } }),
    });
    expect(() => learnedPlaceholders(model)).toThrow(
      "learnedPlaceholders: modality text is not made of vectors of floats, so it has no placeholder; embed it before the fusion",
    );
  });
});
