// Random compositions, their gradients, and recurrent layers: the bits of the definitions, for any number of threads,
// with vectors paired or not.
import * as t from "@sluice/tensor";
import * as internal from "@sluice/tensor/internal";
import type { Tensor } from "@sluice/tensor";
import { randomTensor } from "@sluice/tensor/testing";
import fc from "fast-check";
import { afterAll, inject, test, vi } from "vitest";
import { closeVariants, expectAgreement } from "../testing/agree.ts";

vi.setConfig({ testTimeout: 120_000 });
afterAll(closeVariants);

type Choice = readonly [operation: number, a: number, b: number, n: number];

/** From tensors of one shape [rows, columns] to another of that shape. */
type Step = (a: Tensor, b: Tensor, n: number) => Tensor;

/** Those that also take no rows or no columns. */
const ofAnySize: readonly Step[] = [
  (a, b) => t.mul(t.add(a, b), 0.7),
  (a, b) => t.sub(a, t.mul(b, 0.3)),
  (a, b) => t.mul(a, t.tanh(b)),
  (a, b) => t.div(a, t.add(t.square(b), 1)),
  (a) => t.sigmoid(a),
  (a) => t.log1p(t.square(a)),
  (a) => t.exp(t.neg(t.square(a))),
  (a, b) => t.tanh(t.matmul(t.matmul(a, t.transpose(b)), b)),
  (a, _, n) => t.softmax(a, n % 2),
  (a, b, n) => t.mul(t.tanh(a), t.sum(t.tanh(b), n % 2, { keep: true })),
  (a, b, n) => t.add(a, t.mean(b, n % 3 === 2 ? undefined : n % 3, { keep: true })),
  (a, _, n) => t.tanh(t.cumulativeSum(a, n % 2, { reverse: n % 4 > 1 })),
  (a) => t.slice(t.pad(a, [1, 0], [0, 1]), [1, 1], [1 + a.shape[0]!, 1 + a.shape[1]!]),
  (a, b) => t.select(t.less(a, b), a, t.neg(b)),
  (a, _, n) => t.gather(a, t.tensor(Int32Array.from({ length: a.shape[0]! }, (_unused, i) => (i * n) % a.shape[0]!))),
  (a, _, n) =>
    t.scatterAdd(
      t.tensor(Int32Array.from({ length: a.shape[0]! }, (_unused, i) => (i * n) % a.shape[0]!)),
      a,
      a.shape[0]!,
    ),
  (a, b) => t.checkpoint((x: Tensor) => t.mul(t.tanh(x), t.sigmoid(b)))(a),
  (a, _, n) => t.mul(a, t.convert(t.bernoulli(t.key(n), a.shape, 0.6), "f32")),
  // A loop over columns.
  (a, b, n) =>
    t.transpose(
      t.scan(
        (h: Tensor, x: Tensor) => ({ state: t.tanh(t.add(t.mul(h, 0.5), x)), output: h }),
        t.sum(b, 1),
        t.transpose(a),
        { reverse: n % 2 === 1 },
      ).output,
    ),
  // A reshape that joins axes, and one that parts them again.
  (a, b) =>
    t.reshape(
      t.mul(t.reshape(t.transpose(a), [internal.sizeOf(a.shape)]), t.reshape(b, [internal.sizeOf(b.shape)])),
      a.shape,
    ),
];

const steps: readonly Step[] = [
  ...ofAnySize,
  (a, b) => {
    const columns = a.shape[1]!;
    return t.concat([t.sliceAxis(a, 1, 1, columns), t.tanh(t.sliceAxis(b, 1, 0, 1))], 1);
  },
  (a, b) =>
    t.concat(
      [t.sliceAxis(a, 0, 0, 1), t.mul(t.sliceAxis(a, 0, 1, a.shape[0]!), t.sliceAxis(b, 0, 0, a.shape[0]! - 1))],
      0,
    ),
  (a, b, n) => {
    const { state, output } = t.scan(
      ({ h, c }: { h: Tensor; c: Tensor }, x: Tensor) => {
        const next = t.tanh(t.add(t.add(t.mul(h, 0.5), x), t.mean(t.sigmoid(b), 0)));
        return { state: { h: next, c: t.add(t.mul(c, 0.5), next) }, output: t.mul(next, c) };
      },
      { h: t.take(a, 0), c: t.take(b, 1) },
      a,
      { reverse: n % 4 > 1 },
    );
    return t.add(output, t.expand(t.mul(state.h, state.c), 0));
  },
  // A loop in a loop.
  (a, b) =>
    t.scan(
      (s: Tensor, x: Tensor) => {
        const inner = t.scan((u: Tensor, y: Tensor) => ({ state: t.tanh(t.add(u, t.mul(y, x))), output: u }), s, b);
        return { state: inner.state, output: t.sum(inner.output, 0) };
      },
      t.take(b, 0),
      a,
    ).output,
];

function run(choices: readonly Choice[], given: readonly Tensor[], of = steps): Tensor[] {
  const pool = [...given];
  for (const [operation, a, b, n] of choices) {
    const pick = (i: number): Tensor => pool[Math.max(0, pool.length - 1 - (i % 4))]!;
    pool.push(of[operation % of.length]!(pick(a), pick(b), n));
  }
  return pool.slice(-3);
}

const choices = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(7), fc.nat(7), fc.nat(23)), {
  minLength: 1,
  maxLength: 10,
});
const shape = fc.tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 19 }));

test("compositions", async () => {
  await fc.assert(
    fc.asyncProperty(choices, shape, fc.nat(1e6), async (program, of, seed) => {
      await expectAgreement(
        (...given) => run(program, given),
        [randomTensor(of, "f32", seed), randomTensor(of, "f32", seed + 1)],
      );
    }),
    { numRuns: inject("long") ? 40 : 15 },
  );
});

test("gradients of compositions", async () => {
  await fc.assert(
    fc.asyncProperty(choices, shape, fc.nat(1e6), async (program, of, seed) => {
      const loss = (...given: Tensor[]): Tensor => t.sum(t.tanh(run(program, given).reduce((sum, x) => t.add(sum, x))));
      await expectAgreement(
        (a, b) => [t.grad((x: Tensor) => loss(x, b!))(a!), t.grad((x: Tensor) => loss(a!, x))(b!)],
        [randomTensor(of, "f32", seed), randomTensor(of, "f32", seed + 1)],
      );
    }),
    { numRuns: inject("long") ? 25 : 10 },
  );
});

test("compositions of nothing, and their gradients", async () => {
  const small = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }));
  await fc.assert(
    fc.asyncProperty(choices, small, fc.nat(1e6), async (program, of, seed) => {
      const given = [randomTensor(of, "f32", seed), randomTensor(of, "f32", seed + 1)] as const;
      const loss = (...x: Tensor[]): Tensor =>
        t.sum(t.tanh(run(program, x, ofAnySize).reduce((sum, y) => t.add(sum, y))));
      await expectAgreement(
        (a, b) => [
          ...run(program, [a!, b!], ofAnySize),
          t.grad((x: Tensor) => loss(x, b!))(a!),
          t.grad((x: Tensor) => loss(a!, x))(b!),
        ],
        given,
        quick,
      );
    }),
    { numRuns: inject("long") ? 150 : 50 },
  );
});

/** Enough where sizes matter more than threads. */
const quick = ["1 thread", "2 threads", "2 threads, not fused"];

/**
 * One layer over time: its outputs, its last state, and the gradients of a loss by weights, inputs and initial state.
 */
const layers = {
  gru: (hidden: number) => (W: Tensor, U: Tensor, h: Tensor, x: Tensor) => {
    const [z, r] = t.split(
      t.sigmoid(t.add(t.matmul(x, t.sliceAxis(W, 1, 0, 2 * hidden)), t.matmul(h, t.sliceAxis(U, 1, 0, 2 * hidden)))),
      2,
    );
    const a = t.add(
      t.matmul(x, t.sliceAxis(W, 1, 2 * hidden, 3 * hidden)),
      t.matmul(t.mul(r!, h), t.sliceAxis(U, 1, 2 * hidden, 3 * hidden)),
    );
    return t.add(t.mul(z!, h), t.mul(t.sub(1, z!), t.tanh(a)));
  },
  norm: () => (W: Tensor, U: Tensor, h: Tensor, x: Tensor) => {
    const a = t.add(t.matmul(x, W), t.matmul(h, U));
    const centred = t.sub(a, t.mean(a, 1, { keep: true }));
    return t.tanh(t.div(centred, t.sqrt(t.add(t.mean(t.square(centred), 1, { keep: true }), 1e-5))));
  },
};

// Loops in which no row has a step, between work that threads share.
const noSteps = { batch: 1, time: 1, input: 5, hidden: 12, reverse: false, ragged: true, resets: false, seed: 771736 };

test.each(["gru", "norm"] as const)(
  "%s over time, forward and backward, with lengths, resets and direction",
  async (kind) => {
    const sizes = fc.record({
      batch: fc.integer({ min: 0, max: 9 }),
      time: fc.integer({ min: 0, max: 5 }),
      input: fc.integer({ min: 1, max: 9 }),
      hidden: fc.integer({ min: 1, max: 17 }),
      reverse: fc.boolean(),
      ragged: fc.boolean(),
      resets: fc.boolean(),
      seed: fc.nat(1e6),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ batch, time, input, hidden, reverse, ragged, resets, seed }) => {
        const gates = kind === "gru" ? 3 * hidden : hidden;
        const step = layers[kind](hidden);
        const layer = (
          W: Tensor,
          U: Tensor,
          h: Tensor,
          xs: Tensor,
          lengths: Tensor,
          reset: Tensor,
        ): { state: Tensor; output: Tensor } =>
          t.scan((s: Tensor, x: Tensor) => ({ state: step(W, U, s, x), output: s }), h, xs, {
            reverse,
            ...(ragged ? { lengths } : {}),
            ...(resets ? { resets: reset } : {}),
          });
        const lengths = t.tensor(Int32Array.from({ length: batch }, (_, b) => (seed + 7 * b) % (time + 1)));
        await expectAgreement(
          (W, U, h, xs, given, reset) => {
            const loss = (...args: [Tensor, Tensor, Tensor, Tensor]): Tensor => {
              const { state, output } = layer(...args, given!, reset!);
              return t.add(t.sum(t.square(output)), t.sum(state));
            };
            const all = [W!, U!, h!, xs!] as const;
            const gradients = all.map((_, i) =>
              t.grad((x: Tensor) =>
                loss(...(all.map((y, j) => (i === j ? x : y)) as [Tensor, Tensor, Tensor, Tensor])),
              )(all[i]!),
            );
            const { state, output } = layer(...all, given!, reset!);
            return [state, output, ...gradients];
          },
          [
            randomTensor([input, gates], "f32", seed),
            randomTensor([hidden, gates], "f32", seed + 1),
            randomTensor([batch, hidden], "f32", seed + 2),
            randomTensor([time, batch, input], "f32", seed + 3),
            lengths,
            randomTensor([time, batch], "bool", seed + 4),
          ],
        );
      }),
      { numRuns: inject("long") ? 25 : 10, examples: [[noSteps]] },
    );
  },
);
