// What a modifier can change in the context of a step.
import { key, matmul, mul, normal, valuesOf, type Tensor } from "@sluice/tensor";
import { expect, test } from "vitest";
import { evaluation, defineCell, gru, rnn, sequence, type Cell } from "../index.ts";

const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const sizes = { input: 2, hidden: 3 };
const x = normal(key(1), [2, 4, 2], { dtype: "f64" });

/** A cell with another context. */
const within = (cell: Cell, change: (context: typeof evaluation) => Partial<typeof evaluation>): Cell => ({
  ...cell,
  step: (params, state, now, context = evaluation) => cell.step(params, state, now, { ...context, ...change(context) }),
});

test("change gives the step another value in place of the traced one, and that value is traced", () => {
  const cell = gru(sizes);
  const params = cell.init(key(2), { dtype: "f64" });
  const closed = within(cell, ({ change }) => ({
    change: (name, value) => change(name, name === "update" ? mul(value, 0) : value),
  }));
  const { output, traces } = sequence(closed).apply(params, x, { traces: true });
  // h_t = z h_{t-1} + (1 - z) n is the candidate if z = 0.
  expect(numbers(output)).toEqual(numbers(traces["candidate"]!));
  expect(numbers(traces["update"]!).every((value) => value === 0)).toBe(true);
});

test("change reaches cells within cells by their path", () => {
  const outer = defineCell({
    name: "outer",
    cells: (own) => ({ inner: gru(own) }),
    params: () => ({}),
    state: () => ({}),
    step: (_, __, now, { cells }) => ({ state: { inner: cells.inner(now).state }, output: "inner.h" }),
  });
  const names: string[] = [];
  const spied = within(outer(sizes), ({ change }) => ({
    change(name, value) {
      names.push(name);
      return change(name, value);
    },
  }));
  sequence(spied).apply(spied.init(key(2), { dtype: "f64" }), x);
  expect([...new Set(names)]).toEqual(["inner.reset", "inner.update", "inner.candidate"]);
});

test("multiply is how a product is computed", () => {
  const cell = rnn(sizes);
  const params = cell.init(key(2), { dtype: "f64" });
  const doubled = within(cell, ({ product }) => ({
    product: (made) =>
      product({ ...made, multiply: (a, W) => mul(made.multiply(a, W), made.kind === "input" ? 1 : 2) }),
  }));
  const { W, U, b } = params;
  const expected = sequence(cell).apply({ W, U: mul(U, 2), ...(b && { b }) }, x).output;
  expect(numbers(sequence(doubled).apply(params, x).output)).toEqual(numbers(expected));
  expect(
    numbers(evaluation.product({ kind: "input", name: "p", x: U, W: U, gates: 1, source: "", multiply: matmul })),
  ).toEqual(numbers(matmul(U, U)));
});
