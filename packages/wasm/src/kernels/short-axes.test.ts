// Axes shorter than a vector are walked together with the axis before them. The bits are those of the definitions.
import * as t from "@sluice/tensor";
import type { ArrayTensor, Tensor } from "@sluice/tensor";
import { randomTensor } from "@sluice/tensor/testing";
import fc from "fast-check";
import { afterAll, test, vi } from "vitest";
import { closeVariants, expectAgreement } from "../testing/agree.ts";

vi.setConfig({ testTimeout: 120_000 });
afterAll(closeVariants);

const parts: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  (a, b) => t.add(t.mul(a, b), b),
  (a, b) => t.exp(t.sub(a, b)),
  (a, b) => t.select(t.less(a, b), a, t.div(b, a)),
];

interface Case {
  readonly shape: readonly [number, number, number];
  /** For each operand: which axes it has in full, in bits. On the others it has length 1. */
  readonly full: readonly number[];
  /** Whether an operand is given with its last two axes exchanged. */
  readonly exchanged: readonly boolean[];
  readonly part: number;
  readonly reduced: 1 | 2;
}

const cases: fc.Arbitrary<Case> = fc.record({
  shape: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 19 }), fc.integer({ min: 2, max: 5 })),
  full: fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 1, max: 7 })),
  exchanged: fc.tuple(fc.boolean(), fc.boolean()),
  part: fc.nat(parts.length - 1),
  reduced: fc.constantFrom(1, 2),
});

function operands({ shape, full, exchanged }: Case): ArrayTensor[] {
  return full.map((axes, i) => {
    const [a, b, c] = shape.map((n, axis) => ((axes >> axis) % 2 === 1 ? n : 1)) as [number, number, number];
    return randomTensor(exchanged[i] === true ? [a, c, b] : [a, b, c], "f32", i + 1);
  });
}

test("a pass that stores what it computes, its sum and its maximum along an axis", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (of) => {
      const f = (...given: Tensor[]): Tensor[] => {
        const [a, b] = given.map((x, i) => (of.exchanged[i] === true ? t.transpose(x, [0, 2, 1]) : x));
        const y = t.broadcastTo(parts[of.part]!(a!, b!), of.shape);
        return [y, t.sum(y, of.reduced), t.reduceMax(t.mul(y, a!), of.reduced), t.sum(t.neg(y), 2)];
      };
      await expectAgreement(f, operands(of));
    }),
    { numRuns: 12 },
  );
});

test("zeros keep their signs, and NaN and infinities go where they go in a sum of few", async () => {
  const values = [0, -0, NaN, Infinity, -Infinity, 1, -1, 3e38];
  for (const n of [2, 3, 4]) {
    const x = t.tensor(
      Array.from({ length: 21 * n }, (_, i) => values[(Math.floor(i / n) * ((i % n) + 3) + (i % n)) % 8]!),
      [21, n],
    );
    await expectAgreement((a) => [t.sum(t.neg(a), 1), t.reduceMax(t.neg(a), 1), t.sum(t.mul(a, a), 1)], [x]);
  }
});

test("integers", async () => {
  const x = t.tensor(
    Array.from({ length: 39 }, (_, i) => ((i * 7) % 19) - 9),
    [13, 3],
    { dtype: "i32" },
  );
  await expectAgreement((a) => [t.sum(t.mul(a, a), 1), t.reduceMax(t.neg(a), 1)], [x]);
});
