// Every primitive on random shapes, dtypes and views has the bits of its definition.
import * as t from "@sluice/tensor";
import * as internal from "@sluice/tensor/internal";
import type { Tensor } from "@sluice/tensor";
import { chooser, lookAt, primitiveCases, randomTensor } from "@sluice/tensor/testing";
import fc from "fast-check";
import { afterAll, expect, inject, test, vi } from "vitest";
import { closeVariants, expectAgreement } from "../testing/agree.ts";
import { shapes } from "../testing/random.ts";

vi.setConfig({ testTimeout: 600_000 });
afterAll(closeVariants);

test("every primitive has a case", () => {
  expect(Object.keys(primitiveCases).toSorted()).toEqual(Object.keys(internal.primitives).toSorted());
});

test.each(Object.keys(primitiveCases) as (keyof typeof primitiveCases)[])("%s", async (op) => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.nat(1e9), async (shape, seed) => {
      const choose = chooser(seed);
      const { operands, apply } = primitiveCases[op](shape, choose);
      const looks = operands.map((operand) => lookAt(operand.shape, choose(30)));
      const args = looks.map(({ stored }, i) => randomTensor(stored, operands[i]!.dtype, seed + i, true));
      await expectAgreement((...given) => {
        const y = apply(...given.map((x, i) => looks[i]!.look(x)));
        return Array.isArray(y) ? [...(y as readonly Tensor[])] : [y as Tensor];
      }, args);
    }),
    { numRuns: inject("long") ? 25 : 10 },
  );
});

test.each(Object.keys(primitiveCases) as (keyof typeof primitiveCases)[])(
  "%s on little or nothing, with its gradient",
  async (op) => {
    const small = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(small, fc.nat(1e9), async (shape, seed) => {
        const choose = chooser(seed);
        const { operands, apply } = primitiveCases[op](shape, choose);
        const looks = operands.map((operand) => lookAt(operand.shape, choose(30)));
        const args = looks.map(({ stored }, i) => randomTensor(stored, operands[i]!.dtype, seed + i));
        const f = (given: readonly Tensor[]): Tensor[] =>
          [apply(...given.map((x, i) => looks[i]!.look(x)))].flat() as Tensor[];
        const loss = (given: readonly Tensor[]): Tensor =>
          f(given)
            .filter((y) => internal.isFloat(y.dtype))
            .reduce((total, y) => t.add(total, t.sum(y)), t.scalar(0) as Tensor);
        const floats = args.flatMap(({ dtype }, i) => (internal.isFloat(dtype) ? [i] : []));
        await expectAgreement(
          (...given) => [...f(given), ...floats.map((i) => t.grad((x: Tensor) => loss(given.with(i, x)))(given[i]!))],
          args,
          ["1 thread", "2 threads, not fused"],
        );
      }),
      { numRuns: inject("long") ? 25 : 10 },
    );
  },
);
