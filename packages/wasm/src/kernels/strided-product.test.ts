// A product with the transpose of what another loop has stored has the bits of the definitions.
import * as t from "@sluice/tensor";
import type { Tensor } from "@sluice/tensor";
import { randomTensor } from "@sluice/tensor/testing";
import { afterAll, test } from "vitest";
import { closeVariants, expectAgreement } from "../testing/agree.ts";

afterAll(closeVariants);

test.each([
  [64, 64],
  [37, 21],
  [9, 5],
  [70, 300],
])("one row times the transpose of [%i, %i], for each row of a batch, over time", async (rows, columns) => {
  const overTime = (xs: Tensor, h: Tensor): Tensor[] => {
    const { state, output } = t.scan(
      (of: Tensor, x: Tensor) => {
        const y = t.matmul(of, t.transpose(x, [0, 2, 1]));
        return { state: t.mul(t.matmul(y, x), 0.01), output: y };
      },
      h,
      xs,
    );
    return [state, output];
  };
  await expectAgreement(overTime, [
    randomTensor([3, 2, rows, columns], "f32", 1),
    randomTensor([2, 1, columns], "f32", 2),
  ]);
});
