// Long sums: what they lose, whatever the mode computes in.
import * as t from "@sluice/tensor";
import type { Tensor } from "@sluice/tensor";
import { positiveTerms } from "@sluice/tensor/testing";
import { expect, test } from "vitest";
import { gpu } from "../index.ts";

const n = 1_000_003;
const lost = (total: number, exact: number): number => Math.abs(total - exact) / exact;

test.each(["cpu", "webasm"] as const)("a million terms, mode %s", { timeout: 600_000 }, async (mode) => {
  const backend = await gpu({ mode });
  const { data, exact } = positiveTerms(n);
  const x = t.tensor(data, [n, 1]);
  const run = await t.compile(
    (a: Tensor) => {
      const alike = t.broadcastTo(t.mul(t.sliceAxis(a, 0, 0, 1), 0.3), [n, 1]);
      return [
        t.sum(a, 0),
        t.sum(a),
        t.matmul(t.onesLike(t.transpose(a)), a),
        t.scatterAdd(t.tensor(new Int32Array(n)), a, 1),
        t.sum(alike, 0),
        t.sum(t.reshape(alike, [1, n]), 1),
      ];
    },
    [x],
    { backend },
  );
  const totals = (await run(x)).map((y) => t.valuesOf(y)[0]!);
  const alike = n * Math.fround(data[0]! * Math.fround(0.3));
  totals.slice(0, 4).forEach((total, i) => expect(lost(total, exact), `sum ${i}`).toBeLessThanOrEqual(2 ** -20));
  totals.slice(4).forEach((total, i) => expect(lost(total, alike), `alike ${i}`).toBeLessThanOrEqual(2 ** -20));
  await backend.close();
});
