// normStabilizer against equation 1 of arXiv:1511.08400 in plain loops.
import { assertGradient, grad, item, key, normal, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { normStabilizer } from "./index.ts";

/** The penalty of the steps of each row that are taken. */
function plainLoop(
  h: readonly number[],
  [batch, time, features]: readonly [number, number, number],
  options: {
    beta: number;
    taken: (row: number, step: number) => boolean;
    initial: (row: number) => number;
  },
): number {
  let [penalties, rows] = [0, 0];
  for (let row = 0; row < batch; row++) {
    let [before, total, steps] = [options.initial(row), 0, 0];
    for (let t = 0; t < time; t++) {
      if (!options.taken(row, t)) continue;
      const from = (row * time + t) * features;
      const norm = Math.hypot(...h.slice(from, from + features));
      total += (norm - before) ** 2;
      before = norm;
      steps++;
    }
    if (steps === 0) continue;
    penalties += total / steps;
    rows++;
  }
  return (options.beta * penalties) / Math.max(rows, 1);
}

const dims = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }));

test("is the paper's, over the steps that each row takes", () => {
  fc.assert(
    fc.property(dims, fc.nat(1000), fc.boolean(), fc.boolean(), fc.boolean(), (shape, seed, ragged, masks, begins) => {
      const [batch, time, features] = shape;
      const h = normal(key(seed), shape, { dtype: "f64" });
      const initial = normal(key(seed + 1), [batch, features], { dtype: "f64" });
      const lengths = Array.from({ length: batch }, (_, row) => (seed + 3 * row) % (time + 1));
      const kept = Array.from({ length: batch * time }, (_, i) => (seed + i * i) % 3 !== 0);
      const expected = plainLoop([...valuesOf(h)], shape, {
        beta: 50,
        taken: (row, t) => (!ragged || t < lengths[row]!) && (!masks || kept[row * time + t]!),
        initial: (row) =>
          begins ? Math.hypot(...[...valuesOf(initial)].slice(row * features, (row + 1) * features)) : 0,
      });
      const found = normStabilizer(h, {
        beta: 50,
        ...(ragged && { lengths }),
        ...(masks && { mask: tensor(kept.map(Number), [batch, time], { dtype: "bool" }) }),
        ...(begins && { initial }),
      });
      expect(item(found)).toBeCloseTo(expected, 9);
    }),
  );
});

test("its gradient is that of central differences, and NaN at steps that are not taken reaches nothing", () => {
  const h = normal(key(1), [3, 4, 2], { dtype: "f64" });
  const options = {
    beta: 2,
    lengths: [4, 2, 0],
    mask: tensor([1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1], [3, 4], { dtype: "bool" }),
  };
  assertGradient((x: Tensor) => normStabilizer(x, options), h);
  const at = (fill: number): Tensor =>
    tensor(
      valuesOf(h).map((value, i) => ([2, 3].includes(i) || (i >= 12 && i < 16) || i >= 16 ? fill : value)),
      [3, 4, 2],
    );
  const [clean, dirty] = [at(0), at(NaN)].map((x) => grad((y: Tensor) => normStabilizer(y, options))(x));
  expect([...valuesOf(dirty!)]).toEqual([...valuesOf(clean!)]);
  expect([...valuesOf(clean!)].some((value) => value !== 0)).toBe(true);
});

test("what does not fit is named", () => {
  const h = normal(key(1), [2, 3, 4]);
  expect(() => normStabilizer(h, { beta: -1 })).toThrow(
    "normStabilizer: expected beta as a finite number >= 0, got -1",
  );
  expect(() => normStabilizer(h, {} as never)).toThrow("expected beta as a finite number >= 0, got undefined");
  expect(() => normStabilizer(normal(key(1), [2, 3]), { beta: 1 })).toThrow("expected states [batch, time, features]");
  expect(() => normStabilizer(h, { beta: 1, lengths: [4, 1] })).toThrow("lengths must be from 0 to 3");
  expect(() => normStabilizer(h, { beta: 1, lengths: [1] })).toThrow("lengths must be i32 [2]");
  expect(() => normStabilizer(h, { beta: 1, mask: normal(key(1), [2, 3]) })).toThrow("mask must be bool [2, 3]");
  expect(() => normStabilizer(h, { beta: 1, initial: normal(key(1), [2, 3]) })).toThrow("initial must be f32 [2, 4]");
  expect(() => normStabilizer(h, { beta: 1, factor: 2 } as never)).toThrow("did you mean beta?");
});
