import { describe, expect, test } from "vitest";
import { leavesOf, mapTree, scalar, tensor, tensorsOf, valuesOf, zipTrees, type Tensor, type Tree } from "./index.ts";
import { matchTree, treeFrom } from "./internal.ts";

const tree = {
  layers: [
    { U: tensor([1]), b: tensor([2]) },
    { U: tensor([3]), b: tensor([4]) },
  ],
  head: tensor([5]),
};

test("the path to a tensor is its name, in the order in which the tree is written", () => {
  expect(leavesOf(tree).map((leaf) => leaf.path)).toEqual([
    "layers.0.U",
    "layers.0.b",
    "layers.1.U",
    "layers.1.b",
    "head",
  ]);
  expect(leavesOf(scalar(1))).toEqual([{ path: "", tensor: scalar(1) }]);
  expect(tensorsOf([])).toEqual([]);
});

test("mapping keeps the nesting and tells the path", () => {
  const paths: string[] = [];
  const doubled = mapTree(tree, (x, path) => {
    paths.push(path);
    return tensor(valuesOf(x).map((value) => 2 * value));
  });
  expect(paths).toEqual(leavesOf(tree).map((leaf) => leaf.path));
  expect(valuesOf(doubled.layers[1]!.b)).toEqual(Float32Array.of(8));
  expect(Array.isArray(doubled.layers)).toBe(true);
});

test("a tree is filled again in the same order", () => {
  expect(treeFrom(tree, tensorsOf(tree))).toEqual(tree);
  expect(() => treeFrom(tree, [scalar(1)])).toThrow("tree: expected more than 1 tensors");
});

describe("matching by path", () => {
  test("does not depend on the order of keys", () => {
    const [a, b] = [scalar(1), scalar(2)];
    expect(matchTree("run", { a, b }, { b, a })).toEqual([a, b]);
    expect(zipTrees({ a, b }, { b: scalar(20), a: scalar(10) }, (_, y) => y)).toEqual({ a: scalar(10), b: scalar(20) });
  });

  const one = scalar(1);
  test.each<[string, Tree, Tree, string]>([
    ["missing", { W: one, b: one }, { W: one }, "load: no tensor at b (expected W, b)"],
    ["too many", { W: one }, { W: one, b: one }, "load: unexpected b (expected W)"],
    [
      "another name",
      { layers: [{ U: one }] },
      { layers: [{ V: one }] },
      "load: no tensor at layers.0.U; unexpected layers.0.V (expected layers.0.U)",
    ],
    ["another nesting", { W: one }, one, "load: no tensor at W; unexpected the root (expected W)"],
    [
      "two of one name",
      { a: { b: one }, "a.b": one },
      { a: { b: one }, "a.b": one },
      "load: two tensors have the same path among a.b, a.b; keys must not contain dots",
    ],
  ])("%s", (_, like, given, message) => {
    expect(() => matchTree("load", like, given)).toThrow(message);
  });

  test("zipping trees of other nesting is an error, either way", () => {
    const keep = (x: Tensor): Tensor => x;
    expect(() => zipTrees({ W: one }, {}, keep)).toThrow("tree: no tensor at W (expected W)");
    expect(() => zipTrees({}, { W: one }, keep)).toThrow("tree: unexpected W (expected no tensors)");
  });
});

test.each<[string, unknown, string]>([
  ["a number", { b: 3 }, "tree: expected a tensor, array or object at b, got the number 3; wrap it: scalar(3)"],
  [
    "a typed array",
    { layers: [new Float32Array(3)] },
    "tree: expected a tensor, array or object at layers.0, got a Float32Array; wrap it: tensor(values, shape)",
  ],
  ["undefined", { b: undefined }, "tree: expected a tensor, array or object at b, got undefined"],
  ["null", null, "tree: expected a tensor, array or object at the root, got null"],
  ["a function", { f: () => 1 }, "tree: expected a tensor, array or object at f, got a function"],
])("%s is no tree", (_, value, message) => {
  expect(() => leavesOf(value as Tree)).toThrow(message);
  expect(() => mapTree(value as Tree, (x) => x)).toThrow(message);
});
