// sLstm and matrixLstm against the equations of xLSTM without its stabilizer (arXiv:2405.04517, equations 8 to 27).
import { key, keyFor, leavesOf, mapTree, normal, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { expect, test } from "vitest";
import { matrixLstm, sequence, sLstm, type Cell, type State } from "../index.ts";

const [batch, time, input, hidden] = [2, 6, 3, 4];
const x = normal(key(1), [batch, time, input], { dtype: "f64" });

type Matrix = readonly (readonly number[])[];
type Gate = "sigmoid" | "exponential";

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
const forget = { sigmoid, exponential: Math.exp };
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const dot = (a: readonly number[], b: readonly number[]): number => total(a.map((v, i) => v * b[i]!));

/** A matrix as rows, and `[batch, time, input]` as the steps of one row. */
const matrix = (y: Tensor): Matrix => {
  const columns = y.shape.at(-1)!;
  const rows = valuesOf(y).length / columns;
  return range(rows).map((r) => range(columns).map((c) => valuesOf(y)[r * columns + c]!));
};
const stepsOf = (row: number): Matrix => matrix(x).slice(row * time, (row + 1) * time);
const times = (row: readonly number[], W: Matrix, b: readonly number[]): number[] =>
  b.map((add, j) => add + total(row.map((v, i) => v * W[i]![j]!)));

/** Parameters away from where they begin, and what a layer puts out with them. */
function outputsOf<P extends Tree>(cell: Cell<P>): { readonly params: P; readonly output: Matrix } {
  const layer = sequence(cell);
  const params = mapTree(layer.init(key(2), { dtype: "f64" }), (w, path) =>
    normal(keyFor(key(3), path), w.shape, { deviation: 0.7, dtype: "f64" }),
  );
  return { params, output: matrix(layer.apply(params, x).output) };
}

const expectSame = (found: Matrix, wanted: Matrix): void =>
  wanted.forEach((row, r) => row.forEach((y, j) => expect(found[r]![j]).toBeCloseTo(y, 11)));

test.each([
  [1, "sigmoid"],
  [2, "sigmoid"],
  [2, "exponential"],
] as const)("sLstm with %i heads and the forget gate %s is the paper's equations", (heads, forgetGate) => {
  const { params, output } = outputsOf(sLstm({ input, hidden, heads, forgetGate }));
  expectSame(
    output,
    range(batch).flatMap((row) => plainS(params, row, heads, forgetGate)),
  );
});

function plainS(
  { W, U, b }: { readonly W: Tensor; readonly U: readonly Tensor[]; readonly b: Tensor },
  row: number,
  heads: number,
  forgetGate: Gate,
): Matrix {
  const width = hidden / heads;
  const zeros = range(hidden).map(() => 0);
  let [h, c, n] = [zeros, zeros, zeros];
  return stepsOf(row).map((xt) => {
    const a = times(xt, matrix(W), matrix(b)[0]!);
    const before = h;
    const at = (gate: number, j: number): number => {
      const [head, unit] = [Math.floor(j / width), j % width];
      const block = matrix(U[head]!).map((line) => line[gate * width + unit]!);
      return a[gate * hidden + j]! + dot(before.slice(head * width, (head + 1) * width), block);
    };
    const i = range(hidden).map((j) => Math.exp(at(0, j)));
    const f = range(hidden).map((j) => forget[forgetGate](at(1, j)));
    c = range(hidden).map((j) => f[j]! * c[j]! + i[j]! * Math.tanh(at(2, j)));
    n = range(hidden).map((j) => f[j]! * n[j]! + i[j]!);
    h = range(hidden).map((j) => (sigmoid(at(3, j)) * c[j]!) / n[j]!);
    return h;
  });
}

test.each([
  [1, "sigmoid"],
  [2, "sigmoid"],
  [2, "exponential"],
] as const)("matrixLstm with %i heads and the forget gate %s is the paper's equations", (heads, forgetGate) => {
  const { params, output } = outputsOf(matrixLstm({ input, hidden, heads, forgetGate }));
  expectSame(
    output,
    range(batch).flatMap((row) => plainMatrix(params, row, heads, forgetGate)),
  );
});

function plainMatrix(
  { W, b, w, bw }: Readonly<Record<"W" | "b" | "w" | "bw", Tensor>>,
  row: number,
  heads: number,
  forgetGate: Gate,
): Matrix {
  const d = hidden / heads;
  // The paper's C: [value, key]
  const C = range(heads).map(() => range(d).map(() => range(d).map(() => 0)));
  const n = range(heads).map(() => range(d).map(() => 0));
  return stepsOf(row).map((xt) => {
    const a = times(xt, matrix(W), matrix(b)[0]!);
    const gates = times(xt, matrix(w), matrix(bw)[0]!);
    return range(heads).flatMap((head) => {
      const of = (part: number): number[] => a.slice(part * hidden + head * d, part * hidden + (head + 1) * d);
      const [q, k, v, o] = [of(0), of(1).map((y) => y / Math.sqrt(d)), of(2), of(3).map(sigmoid)];
      const [i, f] = [Math.exp(gates[head]!), forget[forgetGate](gates[heads + head]!)];
      C[head] = range(d).map((r) => range(d).map((s) => f * C[head]![r]![s]! + i * v[r]! * k[s]!));
      n[head] = n[head]!.map((y, s) => f * y + i * k[s]!);
      const divisor = Math.max(Math.abs(dot(n[head], q)), 1);
      return range(d).map((r) => (o[r]! * dot(C[head]![r]!, q)) / divisor);
    });
  });
}

test.each([-300, 300])("gates of exp(%i) are no numbers of f32, and the outputs are", (by) => {
  const single = tensor(Float32Array.from(valuesOf(x)), x.shape);
  for (const cell of [sLstm({ input, hidden }), matrixLstm({ input, hidden, heads: 4 })]) {
    const layer = sequence<Tree, State>(cell);
    const params = mapTree(layer.init(key(4)), (w, path) =>
      path === "b" || path === "bw"
        ? tensor(
            valuesOf(w).map((y, i) => (i < 4 ? y + by : y)),
            w.shape,
          )
        : w,
    );
    const { output, state } = layer.apply(params, single);
    for (const { path, tensor: y } of leavesOf({ output, state }))
      expect(valuesOf(y).every(Number.isFinite), `${cell.name}: ${path}`).toBe(true);
  }
});

test("heads must divide the hidden units, and a forget gate is one of two", () => {
  const heads = "heads must be an integer >= 1 that divides hidden, got heads 3 and hidden 4";
  expect(() => sLstm({ input, hidden, heads: 3 })).toThrow(`sLstm: ${heads}`);
  expect(() => matrixLstm({ input, hidden, heads: 3 })).toThrow(`matrixLstm: ${heads}`);
  expect(() => matrixLstm({ input, hidden, heads: 0.5 })).toThrow("got heads 0.5");
  const forgetGate = "exp" as "exponential";
  expect(() => sLstm({ input, hidden, forgetGate })).toThrow("sLstm: unknown forgetGate exp");
  expect(() => matrixLstm({ input, hidden, forgetGate })).toThrow("matrixLstm: unknown forgetGate exp");
  expect(() => matrixLstm({ input, hidden, epsilon: -1 })).toThrow("epsilon must be a finite number >= 0, got -1");
});
