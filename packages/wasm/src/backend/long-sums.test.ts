// Sums and products longer than a block: the bits of the definitions in every kernel, and what they lose.
import * as t from "@sluice/tensor";
import * as internal from "@sluice/tensor/internal";
import type { Shape, Tensor } from "@sluice/tensor";
import { positiveTerms, randomTensor } from "@sluice/tensor/testing";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import { closeVariants, expectAgreement, variants } from "../testing/agree.ts";

vi.setConfig({ testTimeout: 240_000 });
afterAll(closeVariants);

const around = (...borders: number[]): fc.Arbitrary<number> =>
  fc.constantFrom(...borders).chain((border) => fc.integer({ min: border - 3, max: border + 3 }));
const width = fc.constantFrom(1, 2, 3, 4, 5, 16, 19, 64, 70);
const seeds = fc.nat(1e6);

describe("around the borders of blocks", () => {
  test("sums along any axis, running sums, sums of gathered rows", async () => {
    await fc.assert(
      fc.asyncProperty(around(32, 64, 128, 160, 256, 1024), width, width, seeds, async (n, before, after, seed) => {
        const x = randomTensor([before, n, after], "f32", seed);
        const indices = t.tensor(Int32Array.from({ length: before * n }, (_, i) => (i * 7) % 3));
        await expectAgreement(
          (a) => [
            t.sum(a!, 1),
            t.sum(a!, [0, 1], { keep: true }),
            t.sum(a!, [1, 2]),
            t.sum(t.transpose(a!, [0, 2, 1]), 2),
            t.sum(a!),
            t.reduceMax(a!, 1),
            t.cumulativeSum(a!, 1),
            t.cumulativeSum(t.transpose(a!, [1, 0, 2]), 0, { reverse: true }),
            t.scatterAdd(indices, t.reshape(a!, [before * n, after]), 3),
          ],
          [x],
        );
      }),
      { numRuns: 12 },
    );
  });

  test("sums of values that the same pass computes, and also writes", async () => {
    await fc.assert(
      fc.asyncProperty(around(4, 32, 128, 160), width, width, seeds, async (n, before, after, seed) => {
        const [x, y] = [randomTensor([before, n, after], "f32", seed), randomTensor([n, after], "f32", seed + 1)];
        const turned = randomTensor([before, after, n], "f32", seed + 2);
        await expectAgreement(
          (a, b, c) => {
            const product = t.mul(a!, b!);
            const other = t.mul(a!, t.transpose(c!, [0, 2, 1]));
            const inLanes = t.sigmoid(t.add(a!, b!));
            return [
              t.sum(t.mul(a!, b!), 1),
              product,
              t.sum(product, 1, { keep: true }),
              [t.sum(other, 1), t.sum(other, 2), t.reduceMax(other, 1)],
              [t.sum(inLanes, 2), t.sum(t.mul(inLanes, a!), 2), t.reduceMax(inLanes, 2)],
              t.concat([t.sum(t.exp(b!), 1), t.sum(t.mul(y, 3), 1)], 0),
              t.sum(t.convert(t.mul(a!, 100), "i32"), 1),
            ].flat();
          },
          [x, y, turned],
        );
      }),
      { numRuns: 12 },
    );
  });

  test("sums of gathered rows, of which there are so many that few columns are added up together", async () => {
    const [rows, count] = [40_000, 500];
    const indices = t.tensor(Int32Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 7 : (i * 7919) % rows)));
    await expectAgreement(
      (a) => [t.scatterAdd(indices, a!, rows)],
      [randomTensor([count, 5], "f32", 1)],
      ["1 thread", "3 threads"],
    );
  });

  test("products of every layout", async () => {
    const rows = fc.constantFrom(1, 2, 3, 4, 7, 19);
    await fc.assert(
      fc.asyncProperty(rows, around(512, 1024, 1536, 2048, 2560), width, seeds, async (m, k, n, seed) => {
        const [a, b] = [randomTensor([m, k], "f32", seed), randomTensor([k, n], "f32", seed + 1)];
        const [at, bt] = [t.transpose(a), t.transpose(b)] as [t.ArrayTensor, t.ArrayTensor];
        const batched = randomTensor([2, k, 3], "f32", seed + 2);
        const ofRows = randomTensor([2, 21, k], "f32", seed + 3);
        await expectAgreement(
          (x, y, xt, yt, z, wide) => [
            t.matmul(x!, y!),
            t.matmul(t.transpose(xt!), y!),
            t.matmul(x!, t.transpose(yt!)),
            t.matmul(t.transpose(xt!), t.transpose(yt!)),
            t.matmul(t.transpose(z!, [0, 2, 1]), z!),
            t.matmul(x!, z!),
            t.matmul(t.transpose(z!, [0, 2, 1]), t.transpose(t.reshape(x!, [1, m, k]), [0, 2, 1])),
            t.matmul(wide!, t.transpose(t.slice(wide!, [0, 0, 0], [2, 3, k]), [0, 2, 1])),
            t.matmul(t.slice(wide!, [0, 1, 0], [2, 2, k]), t.transpose(wide!, [0, 2, 1])),
            t.matmul(wide!, t.transpose(t.slice(wide!, [0, 0, 0], [2, 1, k]), [0, 2, 1])),
          ],
          [a, b, at, bt, batched, ofRows],
        );
      }),
      { numRuns: 12 },
    );
  });

  test("weights' gradients of a recurrent layer over many steps", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 20, max: 70 }),
        seeds,
        async (batch, time, seed) => {
          const [W, b, xs] = [
            randomTensor([6, 5], "f32", seed),
            randomTensor([5], "f32", seed + 1),
            randomTensor([time, batch, 6], "f32", seed + 2),
          ];
          const U = t.mul(randomTensor([5, 5], "f32", seed + 3), 0.3) as t.ArrayTensor;
          await expectAgreement(
            (...[w, u, c, x]: Tensor[]) => {
              const { state, output } = t.scan(
                (h: Tensor, xt: Tensor) => {
                  const next = t.tanh(t.add(t.add(t.matmul(xt, w!), t.matmul(h, u!)), c!));
                  return { state: next, output: next };
                },
                internal.zerosArray([batch, 5]),
                x!,
              );
              const loss = (given: { w: Tensor; u: Tensor; c: Tensor }): Tensor => {
                const run = t.scan(
                  (h: Tensor, xt: Tensor) => {
                    const next = t.tanh(t.add(t.add(t.matmul(xt, given.w), t.matmul(h, given.u)), given.c));
                    return { state: next, output: next };
                  },
                  internal.zerosArray([batch, 5]),
                  x!,
                );
                return t.mean(t.square(run.output));
              };
              return [state, output, ...t.tensorsOf(t.grad(loss)({ w: w!, u: u!, c: c! }))];
            },
            [W, U, b, xs],
          );
        },
      ),
      { numRuns: 8 },
    );
  });
});

const bounded = ["1 thread", "3 threads"];

test("10^7 positive terms lose at most 2^-20, along every axis, with any number of threads", async () => {
  const n = 1e7;
  const { data, exact } = positiveTerms(n);
  const shapes: Shape[] = [[n], [n, 1], [1, n], [1, n, 1], [1000, 1e4], [1e4, 1000]];
  for (const name of bounded) {
    const sums = await t.compile(
      (x: Tensor) => [
        ...shapes.map((shape) => t.sum(t.reshape(x, shape), undefined, { keep: true })),
        t.sum(t.sum(t.reshape(x, [1e4, 1000]), 0)),
      ],
      [t.tensor(data)],
      { backend: variants[name]! },
    );
    for (const y of await sums(t.tensor(data)))
      expect(Math.abs(t.item(t.reshape(y, [])) - exact) / exact, `${name} ${y.shape.join()}`).toBeLessThanOrEqual(
        2 ** -20,
      );
    await sums.dispose();
  }
});

test("2,500,000 times 0.1", async () => {
  const x = t.full([2_500_000, 2], 0.1) as t.ArrayTensor;
  for (const name of bounded) {
    const run = await t.compile(
      (a: Tensor) => [t.sum(a, 0), t.matmul(t.onesLike(t.reshape(t.sliceAxis(a, 1, 0, 1), [1, 2_500_000])), a)],
      [x],
      { backend: variants[name]! },
    );
    const [sums, products] = await run(x);
    const exact = 2_500_000 * Math.fround(0.1);
    for (const total of t.valuesOf(sums!)) expect(Math.abs(total - exact) / exact).toBeLessThanOrEqual(2 ** -20);
    // A block of 512 products that are alike loses up to 171 units of 2^-24.
    for (const total of t.valuesOf(products!))
      expect(Math.abs(total - exact) / exact).toBeLessThanOrEqual(171 * 2 ** -24);
    await run.dispose();
  }
});

test("a product of a million positive terms loses at most 2^-20", async () => {
  const k = 1e6;
  const [{ data }, ones] = [positiveTerms(2 * k), t.full([k, 2], 1) as t.ArrayTensor];
  const x = t.tensor(data, [k, 2]);
  let exact = 0;
  for (let i = 0; i < 2 * k; i += 2) exact += data[i]!;
  for (const name of bounded) {
    const run = await t.compile((a: Tensor, b: Tensor) => t.matmul(t.transpose(a), b), [x, ones], {
      backend: variants[name]!,
    });
    const [total] = t.valuesOf(await run(x, ones));
    expect(Math.abs(total! - exact) / exact).toBeLessThanOrEqual(2 ** -20);
    await run.dispose();
  }
});
