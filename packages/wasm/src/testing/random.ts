/** For tests: random shapes. */
import type { Shape } from "@sluice/tensor";
import fc from "fast-check";

export const shapes: fc.Arbitrary<Shape> = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 4 }),
  fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 2 }),
  fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
);
