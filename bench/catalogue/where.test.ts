import { wasm } from "@sluice/wasm";
import { expect, test } from "vitest";
import { operationCosts, type Costs } from "./costs.ts";
import type { Account } from "./operations.ts";
import { arithmeticOf, groupsOf, leastOfPasses, reasonsOf, type Where } from "./where.ts";

test("a profile divides the time by its shares; what waits belongs to nobody", () => {
  const functions = { "wasm matmul3.tile4x16": 3, "wasm pack1": 1, "wasm pass2": 2, "wasm loop0.step": 1, copyIn: 1 };
  expect(groupsOf({ ...functions, "(idle)": 50, "(program)": 9 }, 16)).toEqual({ products: 8, passes: 6, rest: 2 });
});

const costs: Costs = {
  ...{ simple: 1, cos: 2, div: 2, erf: 2, exp: 3, expm1: 2, log: 2, log1p: 2, pow: 2, sigmoid: 4, sin: 2, sqrt: 2 },
  tanh: 5,
};

test("arithmetic costs what was measured, and passes take at least that or their traffic", () => {
  const arithmetic = arithmeticOf({ simple: 10, exp: 2, tanh: 1 }, costs);
  expect(arithmetic).toEqual({ simple: 10, exp: 6, tanh: 5 });
  expect(leastOfPasses({ ...where, arithmetic, traffic: 20 })).toBe(21);
  expect(leastOfPasses({ ...where, arithmetic, traffic: 22 })).toBe(22);
});

const where: Where = { products: 4, passes: 1, rest: 0, peak: 4, matrices: 0, traffic: 1, arithmetic: { simple: 1 } };
const account: Account = {
  operations: { sigmoid: 3e6, exp: 2e6, simple: 1e6 },
  passes: 100,
  elements: 204800,
  flops: 100,
  fewRows: 25,
  matrices: 0,
};

test("the reasons are the parts above the bound, the largest first; a small part has none", () => {
  expect(reasonsOf(where, account)).toBe("");
  expect(reasonsOf({ ...where, rest: 0.5 }, account)).toBe("the call and its copies take 0.50 ms");
  expect(reasonsOf({ ...where, products: 8, passes: 3 }, account)).toBe(
    "products run at 50 % of the peak, 25 % of them on the rows of one step; " +
      "passes over 2,048 values on average take 3.00 times what they compute or move",
  );
  expect(reasonsOf({ ...where, passes: 8, arithmetic: { sigmoid: 5, exp: 2, simple: 1 }, rest: 0.1 }, account)).toBe(
    "the passes compute: 3.00 M sigmoid, 2.00 M exp",
  );
  expect(reasonsOf({ ...where, products: 9, matrices: 9 }, account)).toBe(
    "products that read a matrix for each row wait for memory",
  );
});

test("every function has a cost", async () => {
  const backend = wasm({ threads: 1 });
  const measured = await operationCosts(backend, { samples: 1, warmMilliseconds: 1 });
  expect(Object.keys(measured).sort()).toEqual(Object.keys(costs).sort());
  expect(measured.pow).toBeGreaterThan(measured.simple);
  await backend.close();
});
