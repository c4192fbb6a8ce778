import { tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { disagreement } from "./agreement.ts";

const x = tensor([1, 2, 4], [3]);

test("results agree within rounding", () => {
  expect(disagreement({ x }, { x: tensor([1.0001, 2, 4], [3]) })).toBeUndefined();
});

test("a difference, a NaN, another shape and a missing tensor are found", () => {
  expect(disagreement({ x }, { x: tensor([1.1, 2, 4], [3]) })).toContain("x differs by 0.025"); // 0.1 of 4
  expect(disagreement({ x: tensor([NaN, 2, 4], [3]) }, { x })).toContain("NaN");
  expect(disagreement({ x }, { x: tensor([1, 2, 4], [1, 3]) })).toContain(
    "x has shape [3] in one and [1, 3] in the other",
  );
  expect(disagreement({ x }, { x, y: x })).toContain("y is missing from one of the two");
});
