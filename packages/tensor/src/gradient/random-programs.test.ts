// Random compositions: gradients against differences, of first and second order, and recorded against eager.
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import * as t from "../index.ts";
import type { Tensor } from "../index.ts";

vi.setConfig({ testTimeout: 60_000 });

/** Operand choices and a parameter, as natural numbers, that each operation takes modulo what it needs. */
type Choice = readonly [operation: number, a: number, b: number, n: number];

/**
 * Steps of [rows, columns] to [rows, columns], with values that stay of moderate size; every pool tensor has the same
 * shape.
 */
const steps: readonly ((a: Tensor, b: Tensor, n: number) => Tensor)[] = [
  (a, b) => t.mul(t.add(a, b), 0.7),
  (a, b) => t.mul(t.sub(a, b), 0.7),
  (a, b) => t.mul(a, t.tanh(b)),
  (a, b) => t.div(a, t.add(t.square(b), 1)),
  (a) => t.sigmoid(a),
  (a) => t.neg(t.tanh(a)),
  (a) => t.log1p(t.square(a)),
  (a) => t.sqrt(t.add(t.square(a), 0.5)),
  (a) => t.exp(t.neg(t.square(a))),
  (a, b) => t.named("product", t.tanh(t.matmul(t.matmul(a, t.transpose(b)), b))),
  (a, _, n) => t.softmax(a, n % 2),
  (a, b, n) => t.mul(t.tanh(a), t.sum(t.tanh(b), n % 2, { keep: true })),
  (a, b, n) => t.add(a, t.mean(b, n % 3 === 2 ? undefined : n % 3, { keep: true })),
  (a, _, n) => t.tanh(t.cumulativeSum(a, n % 2, { reverse: n % 4 > 1 })),
  // Side by side again, with gates exchanged: the gradients of the parts are joined.
  (a, _, n) => t.concat([t.sliceAxis(a, 1, 1 + (n % 2), 3), t.sliceAxis(a, 1, 0, 1 + (n % 2))], 1),
  // Overlapping parts: the gradients are added.
  (a, b) => t.concat([t.sliceAxis(a, 0, 0, 1), t.mul(t.sliceAxis(a, 0, 0, 1), t.sliceAxis(b, 0, 1, 2))], 0),
  (a) => t.slice(t.pad(a, [1, 0], [0, 1]), [1, 1], [3, 4]),
  (a, b, n) => t.select(t.less(t.tensor(Float64Array.of(0.3, 0.6, 0.9)), (n % 10) / 10), a, b),
  (a, _, n) => t.gather(a, t.tensor(Int32Array.of(n % 2, 1))),
  (a, _, n) => t.scatterAdd(t.tensor(Int32Array.of(n % 2, 1)), a, 2),
  (a, b) => t.checkpoint((x: Tensor) => t.mul(t.tanh(x), t.sigmoid(b)))(a),
  (a, b, n) => {
    const { state, output } = t.scan(
      ({ h, c }: { h: Tensor; c: Tensor }, x: Tensor) => {
        const next = t.tanh(t.add(t.add(t.mul(h, 0.5), x), t.mean(t.sigmoid(b), 0)));
        return { state: { h: next, c: t.add(t.mul(c, 0.5), next) }, output: t.mul(next, c) };
      },
      { h: t.take(a, n % 2), c: t.take(b, 1) },
      a,
      { reverse: n % 4 > 1 },
    );
    return t.add(output, t.expand(t.mul(state.h, state.c), 0));
  },
  (a, _, n) => (n % 2 === 0 ? a : t.stack([t.take(a, 1), t.take(a, 0)], 0)),
];

function run(choices: readonly Choice[], given: readonly Tensor[]): Tensor {
  const pool = [...given];
  for (const [operation, a, b, n] of choices) {
    const step = steps[operation % steps.length]!;
    // Mostly recent tensors, so that programs get deep.
    const pick = (i: number): Tensor => pool[Math.max(0, pool.length - 1 - (i % 4))]!;
    pool.push(step(pick(a), pick(b), n));
  }
  // The mean, so that tanh does not saturate: differences of vanishing derivatives are rounding.
  return t.sum(
    t.tanh(
      t.div(
        pool.reduce((sum, x) => t.add(sum, x)),
        pool.length,
      ),
    ),
  );
}

const choices = (maxLength: number): fc.Arbitrary<Choice[]> =>
  fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(7), fc.nat(7), fc.nat(23)), { minLength: 1, maxLength });
const seeds = fc.nat(1e6);

function params(seed: number): Tensor[] {
  return ["a", "b"].map((name) => t.normal(t.keyFor(t.key(seed), name), [2, 3], { deviation: 0.7, dtype: "f64" }));
}

test("first derivatives", () => {
  fc.assert(
    fc.property(choices(12), seeds, (program, seed) => {
      t.assertGradient((given: readonly Tensor[]) => run(program, given), params(seed));
    }),
    { numRuns: 150 },
  );
});

test("second derivatives", () => {
  fc.assert(
    fc.property(choices(6), seeds, (program, seed) => {
      const gradient = t.grad((given: readonly Tensor[]) => run(program, given));
      t.assertGradient((given: readonly Tensor[]) => gradient(given), params(seed));
    }),
    { numRuns: 80 },
  );
});

test("every step of these programs is right alone", () => {
  for (const operation of steps.keys()) {
    for (const n of [0, 1, 2, 3])
      t.assertGradient((given: readonly Tensor[]) => run([[operation, 0, 1, n]], given), params(operation));
  }
});

test("recording and evaluating gives the bits of eager evaluation, of values and gradients", () => {
  fc.assert(
    fc.property(choices(12), seeds, (program, seed) => {
      const f = t.valueAndGrad((given: readonly Tensor[]) => run(program, given));
      const args = params(seed);
      const eager = f(args);
      expect(t.item(eager.value)).toBe(t.item(run(program, args)));
      const recorded = t.recordProgram((given: readonly Tensor[]) => f(given), [args]);
      expect(t.evaluate(recorded.program, args)).toEqual(t.tensorsOf(eager));
    }),
    { numRuns: 100 },
  );
});

test("vjp gives the gradient of the weighted sum", () => {
  fc.assert(
    fc.property(choices(8), seeds, (program, seed) => {
      const [a, b] = params(seed);
      const { result, pullback } = t.vjp((x: Tensor, y: Tensor) => ({ value: run(program, [x, y]), x }), a!, b!);
      const [da, db] = pullback({ value: t.scalar(2, "f64"), x: t.onesLike(a!) });
      const expected = t.grad((given: readonly Tensor[]) => t.add(t.mul(run(program, given), 2), t.sum(given[0]!)))([
        a!,
        b!,
      ]);
      expect(t.item(result.value)).toBe(t.item(run(program, [a!, b!])));
      [da, db].forEach((g, i) => {
        t.valuesOf(g!).forEach((x, j) => expect(x).toBeCloseTo(t.valuesOf(expected[i]!)[j]!, 12));
      });
    }),
    { numRuns: 30 },
  );
});

test("checkpointing changes no bit of value or gradient", () => {
  fc.assert(
    fc.property(choices(8), seeds, (program, seed) => {
      const plain = (given: readonly Tensor[]): Tensor => run(program, given);
      const args = params(seed);
      expect(t.valueAndGrad(t.checkpoint(plain))(args)).toEqual(t.valueAndGrad(plain)(args));
    }),
    { numRuns: 40 },
  );
});
