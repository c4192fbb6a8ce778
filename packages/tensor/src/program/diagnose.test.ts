import { describe, expect, test } from "vitest";
import * as t from "../index.ts";
import type { ArrayTensor, Tensor, Tree } from "../index.ts";

function diagnosis<A extends readonly Tree[]>(f: (...args: A) => Tree, ...args: A): t.Diagnosis | undefined {
  return t.diagnose(t.recordProgram(f, args).program, t.tensorsOf(args) as ArrayTensor[]);
}

const x = t.tensor([1, -2, 3]) as Tensor;

test("finite outputs: nothing to report", () => {
  expect(diagnosis((y: Tensor) => t.exp(y), x)).toBeUndefined();
});

test("names the operation, what it was given, and the nearest name", () => {
  const found = diagnosis((p: { x: Tensor }) => t.sum(t.mul(t.named("loss", t.log(p.x)), 2)), { x });
  expect(found).toEqual({
    operation: "log",
    label: "loss",
    element: [1],
    kind: "NaN",
    inputs: [{ label: "x", shape: [3], state: "finite", range: [-2, 3] }],
  });
  expect(t.showDiagnosis(found!)).toBe("NaN first in log for loss, element [1], of x [3] finite, -2 to 3");
});

test("an infinity is told from a NaN that comes of it", () => {
  const found = diagnosis((p: { x: Tensor }) => t.sub(t.exp(t.mul(p.x, 1000)), t.exp(t.mul(p.x, 1000))), { x });
  expect(found).toMatchObject({
    operation: "exp",
    kind: "Infinity",
    label: "x",
    inputs: [{ state: "finite", range: [-2000, 3000] }],
  });
});

test("an infinity that harms nothing is not the cause", () => {
  const f = (y: Tensor): Tensor => {
    const masked = t.select(t.less(y, 0), -Infinity, y);
    return t.add(t.sum(t.softmax(masked)), t.sum(t.sqrt(y)));
  };
  expect(diagnosis(f, x)).toMatchObject({ operation: "sqrt" });
  expect(diagnosis((y: Tensor) => t.softmax(t.select(t.less(y, 0), -Infinity, y)), x)).toBeUndefined();
});

test("an input that is bad already", () => {
  const found = diagnosis((p: { layers: Tensor[] }) => t.tanh(p.layers[1]!), { layers: [x, t.tensor([NaN, 1])] });
  expect(found).toEqual({ operation: "input", label: "layers.1", element: [0], kind: "NaN", inputs: [] });
  expect(t.showDiagnosis(found!)).toBe("NaN in the input layers.1, element [0]");
});

test("an input goes by its own name, also where a named tensor comes of it", () => {
  const rows = t.tensor([1, 2, 3, 4, NaN, 6], [3, 2]) as Tensor;
  const found = diagnosis((p: { x: Tensor }) => t.named("loss", t.sum(p.x)), { x: rows });
  expect(t.showDiagnosis(found!)).toBe("NaN in the input x, element [2,0]");
});

test("a choice of NaN names the integer that made it", () => {
  const labels = t.tensor([0, 2, 3, 1], [4], { dtype: "i32" }) as Tensor;
  const found = diagnosis((p: { y: Tensor; z: Tensor }) => t.sum(t.named("loss", t.select(t.less(p.y, 3), p.z, NaN))), {
    y: labels,
    z: t.tensor([1, 1, 1, 1]) as Tensor,
  });
  expect(found).toMatchObject({ operation: "select", element: [2], cause: { label: "y", value: 3 } });
  expect(t.showDiagnosis(found!)).toBe("NaN first in select for loss, element [2], because y is 3 there");
});

describe("in a loop", () => {
  const grow = (h: Tensor, y: Tensor): { state: Tensor; output: Tensor } => {
    const next = t.named("candidate", t.exp(t.mul(h, y)));
    return { state: next, output: next };
  };
  const sequence = t.tensor([1, 2, 3, 100, 5], [5, 1]);

  test("the step is told", () => {
    const found = diagnosis((p: { x: Tensor }) => t.scan(grow, t.tensor([1]) as Tensor, p.x).output, { x: sequence });
    expect(found).toMatchObject({ operation: "exp", label: "candidate", step: 2, kind: "Infinity" });
    expect(t.showDiagnosis(found!)).toMatch(
      /^Infinity first in exp for candidate at step 2, element \[0\], of \[1\] finite, /,
    );
  });

  test("counted along the sequence, also in reverse", () => {
    const found = diagnosis((p: { x: Tensor }) => t.scan(grow, t.tensor([1]) as Tensor, p.x, { reverse: true }).state, {
      x: sequence,
    });
    expect(found).toMatchObject({ operation: "exp", step: 3 });
  });

  test("in a loop within a loop, a checkpoint, and a gradient", () => {
    const inner = (h: Tensor, row: Tensor): Tensor => t.checkpoint((s: Tensor) => t.scan(grow, s, row).state)(h);
    const f = (p: { x: Tensor }): Tensor =>
      t.scan((h: Tensor, row: Tensor) => ({ state: inner(h, row), output: [] }), t.tensor([1]) as Tensor, p.x).state;
    const rows = t.stack([t.full([2, 1], 0.1), t.full([2, 1], 0.1), sequence].map((y) => t.sliceAxis(y, 0, 0, 2)));
    expect(diagnosis(f, { x: t.mul(rows, 50) })).toMatchObject({
      operation: "exp",
      label: "candidate",
      kind: "Infinity",
    });
    const root = (p: { x: Tensor }): Tensor =>
      t.sum(
        t.scan(
          (h: Tensor, y: Tensor) => ({ state: t.named("norm", t.sqrt(t.mul(h, y))), output: [] }),
          t.tensor([4]) as Tensor,
          p.x,
        ).state,
      );
    // sqrt has an infinite slope at 0, which only the gradient meets.
    const zeros = t.tensor([1, 0], [2, 1]) as Tensor;
    expect(diagnosis(root, { x: zeros })).toBeUndefined();
    expect(diagnosis((p: { x: Tensor }) => t.grad(root)(p), { x: zeros })).toMatchObject({ operation: "div", step: 1 });
  });
});
