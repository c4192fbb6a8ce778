// Functions composed of many primitives have the bits of their definition, with any number of threads.
import * as t from "@sluice/tensor";
import type { Tensor } from "@sluice/tensor";
import { afterAll, test } from "vitest";
import { closeVariants, expectAgreement } from "../testing/agree.ts";

afterAll(closeVariants);

const ties = t.tensor([3, NaN, -0, 0, 3, Infinity, NaN, -Infinity, 1, 3, 0.5, -2], [4, 3]);
const x = t.uniform(t.key(1), [5, 6], { low: -1, high: 1 });
const line = (p: { a: Tensor; b: Tensor }, q: { a: Tensor; b: Tensor }): { a: Tensor; b: Tensor } => ({
  a: t.mul(p.a, q.a),
  b: t.add(t.mul(q.a, p.b), q.b),
});

test("sorting, with ties and NaN, along both axes", async () => {
  await expectAgreement(
    (y: Tensor) => [t.argsort(y), t.argsort(y, 0, { descending: true }), t.sort(y, 0), t.topK(y, 2).values, t.flip(y)],
    [t.tensor(t.valuesOf(ties), ties.shape)],
  );
});

test.each<[string, (y: Tensor) => Tensor]>([
  ["sort", (y) => t.mul(t.sort(y), t.flip(y))],
  ["logSumExp", (y) => t.logSumExp(y, 1)],
  ["cumulativeProduct", (y) => t.cumulativeProduct(y, 0)],
  ["cumulativeMax", (y) => t.cumulativeMax(y, 1, { reverse: true })],
  ["einsum", (y) => t.einsum("ij,kj,j->ki", y, t.exp(y), t.take(y, 0))],
  ["associativeScan", (y) => t.associativeScan(line, { a: y, b: t.exp(y) }).b],
  [
    "clipGradient in a loop",
    (y) => {
      const step = (h: Tensor, v: Tensor): { state: Tensor; output: Tensor } => {
        const next = t.tanh(t.add(t.mul(t.clipGradient(h, { max: 0.3, by: "norm" }), 2), v));
        return { state: next, output: next };
      };
      return t.scan(step, t.zerosLike(t.take(y, 0)), y).output;
    },
  ],
])("%s and its gradient", async (_, f) => {
  await expectAgreement(
    (y: Tensor) => [f(y), t.grad((z: Tensor) => t.sum(f(z)))(y)],
    [t.tensor(t.valuesOf(x), x.shape)],
  );
});
