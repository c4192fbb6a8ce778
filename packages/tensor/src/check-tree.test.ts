import { expect, test } from "vitest";
import { full, scalar, tensor, type Tree } from "./index.ts";
import { checkTree, type ExpectedLeaf } from "./internal.ts";

const expected: readonly ExpectedLeaf[] = [
  { path: "a.W", shape: [2, 3] },
  { path: "a.b", shape: [3] },
  { path: "count", shape: [], dtype: "i32" },
];
const fitting = { a: { W: full([2, 3], 0), b: full([3], 0) }, count: scalar(0, "i32") };
const check = (given: Tree) => () => checkTree("model", "parameters", expected, given);

test("what fits passes, whatever the order and the float it is all of", () => {
  expect(check(fitting)).not.toThrow();
  expect(check({ count: fitting.count, a: { b: full([3], 0, "f64"), W: full([2, 3], 0, "f64") } })).not.toThrow();
  expect(() => checkTree("model", "parameters", [], {})).not.toThrow();
  expect(() => checkTree("model", "x", [{ path: "", shape: [1] }], tensor([1]))).not.toThrow();
});

test.each<[string, Tree, string]>([
  ["missing", { a: { W: fitting.a.W }, count: fitting.count }, "no a.b, expected [3]"],
  ["extra", { ...fitting, more: scalar(1) }, "unexpected more []"],
  ["of another shape", { ...fitting, a: { ...fitting.a, W: full([3, 2], 0) } }, "a.W is [3,2], expected [2,3]"],
  ["of another dtype", { ...fitting, count: scalar(0) }, "count is f32 [], expected i32 []"],
  ["of two floats", { ...fitting, a: { ...fitting.a, b: full([3], 0, "f64") } }, "a.b is f64 [3], expected f32 [3]"],
  [
    "of no float",
    { ...fitting, a: { W: full([2, 3], 0, "i32"), b: full([3], 0) } },
    "a.W is i32 [2,3], expected f32 [2,3]",
  ],
  [
    "one tensor",
    tensor([1]),
    "no a.W, expected [2,3]; no a.b, expected [3]; no count, expected []; unexpected the root [1]",
  ],
])("%s: the error says what", (_, given, problem) => {
  expect(check(given)).toThrow(`model: the parameters do not fit: ${problem}`);
});
