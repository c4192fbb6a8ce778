import fc from "fast-check";
import { expect, test } from "vitest";
import * as t from "../index.ts";
import type { Tensor } from "../index.ts";

const sizes: Record<string, number> = { i: 2, j: 3, k: 4, b: 2 };
const shapeOf = (axes: string): number[] => [...axes].map((axis) => sizes[axis]!);
const draw = (seed: number, axes: string): Tensor => t.uniform(t.key(seed), shapeOf(axes), { dtype: "f64" });

/** By definition: over all values of all axes. */
function plain(terms: readonly string[], result: string, operands: readonly Tensor[]): number[] {
  const axes = [...new Set(terms.join("") + result)];
  const strides = (term: string): number[] =>
    axes.map((axis) =>
      [...term].reduce(
        (sum, own, at) => sum + (own === axis ? shapeOf(term.slice(at + 1)).reduce((n, m) => n * m, 1) : 0),
        0,
      ),
    );
  const total = new Array<number>(shapeOf(result).reduce((n, m) => n * m, 1)).fill(0);
  const walk = (depth: number, index: readonly number[]): void => {
    if (depth < axes.length) {
      for (let i = 0; i < sizes[axes[depth]!]!; i++) walk(depth + 1, [...index, i]);
      return;
    }
    const at = (term: string): number => strides(term).reduce((sum, stride, axis) => sum + stride * index[axis]!, 0);
    total[at(result)]! += operands.reduce((product, x, i) => product * t.valuesOf(x)[at(terms[i]!)]!, 1);
  };
  walk(0, []);
  return total;
}

const equations = [
  "ij->",
  "ij->ji",
  "ii->i",
  "ii->",
  "bij,bjk->bik",
  "ij,jk->ik",
  "ij,kj->ki",
  "i,j->ij",
  "i,i->",
  "ij,ij->i",
  "bij,jk,k->ib",
  "ijj,jk->ki",
  "ij,k->k",
  "bi,bj,bk->ijk",
];

test.each(equations)("%s is its definition, and differentiable", (equation) => {
  const [left, result] = equation.split("->") as [string, string];
  const terms = left.split(",");
  const operands = terms.map((term, i) => draw(i, term));
  const y = t.einsum(equation, ...operands);
  expect(y.shape).toEqual(shapeOf(result));
  plain(terms, result, operands).forEach((value, i) => expect(t.valuesOf(y)[i]).toBeCloseTo(value, 12));
  t.assertGradient((given: readonly Tensor[]) => t.einsum(equation, ...given), operands);
});

test("any two operands", () => {
  const axes = fc.subarray(["i", "j", "k", "b"]).map((list) => list.join(""));
  fc.assert(
    fc.property(axes, axes, axes, (a, b, wanted) => {
      const result = [...wanted]
        .filter((axis) => (a + b).includes(axis))
        .toReversed()
        .join("");
      const operands = [draw(1, a), draw(2, b)];
      const y = t.einsum(`${a},${b}->${result}`, ...operands);
      plain([a, b], result, operands).forEach((value, i) => expect(t.valuesOf(y)[i]).toBeCloseTo(value, 12));
    }),
  );
});

test.each<[string, string, readonly Tensor[]]>([
  ["ij,jk->ik", "axis j is 3 in operand 1 [2,3] and 2 in operand 2 [2,4]", [draw(1, "ij"), draw(2, "ik")]],
  ["ij->ik", "the result has axis k, but no operand does", [draw(1, "ij")]],
  ["ij->ii", "the result has axis i twice", [draw(1, "ij")]],
  ["ij,jk", 'expected one "->"', [draw(1, "ij"), draw(2, "jk")]],
  ["ijk->i", "operand 1 [2,3] has 2 axes, but ijk names 3", [draw(1, "ij")]],
  ["ij,j->i", "it names 2 operands, got 1 tensors", [draw(1, "ij")]],
])("%s: %s", (equation, message, operands) => {
  expect(() => t.einsum(equation, ...operands)).toThrow(`einsum "${equation}": ${message}`);
});
