// Bad input of every cell of the catalogue is an error that names it, or has a result that is defined.
import { dropConnect } from "@sluice/params";
import {
  full,
  grad,
  leavesOf,
  mapTree,
  square,
  sum,
  tensor,
  valuesOf,
  zerosLike,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { inputOf } from "../cell/inputs.ts";
import {
  blockDiagonal,
  candidateDropout,
  chronoInitialization,
  clipState,
  clipStateGradient,
  gru,
  highway,
  hiddenOde,
  lstm,
  mapStates,
  probe,
  reparametrize,
  sequence,
  sequential,
  stateNoise,
  stepDropout,
  variationalDropout,
  zoneout,
  type Cell,
  type NestedStates,
  type State,
} from "../index.ts";
import { subjectOf, type Subject } from "../testing/subject.ts";
import type { CatalogueEntry } from "./entry.ts";
import { catalogue } from "./index.ts";

const entries: readonly CatalogueEntry[] = Object.values(catalogue).flat();
const [batch, time] = [3, 4];

function applied({ layer, params, x, extra, state, buffers }: Subject, options: object, given = extra) {
  return layer.apply(params, x, { state, buffers, extra: given, ...options });
}
const isFinite = (tree: Tree): boolean =>
  leavesOf(tree).every(({ tensor: y }) => valuesOf(y).every((value) => Number.isFinite(value)));
const bools = (values: readonly number[]): Tensor => tensor(values, [batch, time], { dtype: "bool" });

describe.each(entries)("$name", ({ make, input }) => {
  const subject = subjectOf(make({ input: 2, hidden: 4 }), input);
  const { cell, layer, params, x, extra, state } = subject;

  test("lengths that are beyond the sequence, or not steps, are refused", () => {
    for (const wrong of [5, -1, 1.5, NaN, Infinity])
      expect(() => applied(subject, { lengths: [4, wrong, 1] })).toThrow(
        `lengths must be integers from 0 to 4, the number of steps, got 4, ${wrong}, 1`,
      );
    expect(() => applied(subject, { lengths: [4, 4] })).toThrow(`${cell.name}: lengths must be i32 [3]`);
    expect(() => applied(subject, { lengths: full([batch], 4) })).toThrow("lengths must be i32 [3]");
  });

  test("a mask that hides a row leaves its state, outputs zeros, and gives no NaN", () => {
    const mask = bools([1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1]);
    const { output, state: after } = applied(subject, { mask });
    const [, , width = 0] = output.shape;
    expect([...valuesOf(output)].slice(time * width, 2 * time * width).every((y) => y === 0)).toBe(true);
    const rowOf = (tree: Tree): number[] =>
      leavesOf(tree).flatMap(({ tensor: s }) => {
        const size = valuesOf(s).length / batch;
        return [...valuesOf(s)].slice(size, 2 * size);
      });
    expect(rowOf(after)).toEqual(rowOf(state));
    const gradient = grad((p: Tree) => sum(square(applied({ ...subject, params: p }, { mask }).output)))(params);
    expect(isFinite(gradient)).toBe(true);
    const nothing = applied(subject, { mask: bools(new Array(batch * time).fill(0)), training: false });
    expect(isFinite({ output: nothing.output, state: nothing.state })).toBe(true);
  });

  test("flags of another shape or dtype are refused", () => {
    for (const option of ["mask", "resets"]) {
      expect(() => applied(subject, { [option]: full([batch, 3], 1, "bool") })).toThrow(`${option} must be bool [3,4]`);
      expect(() => applied(subject, { [option]: full([batch, time], 1) })).toThrow(`${option} must be bool [3,4]`);
    }
  });

  test("extra inputs that are missing, or not what the cell reads, are refused; no elapsed time is defined", () => {
    for (const [name, spec] of Object.entries(cell.extra)) {
      const { shape, values } = inputOf(spec);
      const others = Object.fromEntries(Object.entries(extra).filter(([other]) => other !== name));
      expect(() => applied(subject, {}, others)).toThrow(`extra ${name} must be [3,4`);
      expect(() => applied(subject, {}, { ...others, [name]: full([batch, time, ...shape, 1], 1) })).toThrow(
        `extra ${name} must be [3,4`,
      );
      if (values === "mask")
        for (const wrong of [0.5, -1, NaN])
          expect(() => applied(subject, {}, { ...others, [name]: full([batch, time, ...shape], wrong) })).toThrow(
            `extra ${name} must be 0 or 1, got ${wrong} in row 0, step 0`,
          );
      if (values !== "nonNegative") continue;
      for (const wrong of [-0.5, NaN, Infinity, -Infinity])
        expect(() => applied(subject, {}, { ...others, [name]: full([batch, time, ...shape], wrong) })).toThrow(
          `extra ${name} must be finite and at least 0, got ${wrong} in row 0, step 0`,
        );
      const still = applied(subject, {}, { ...others, [name]: zerosLike(extra[name]!) });
      expect(isFinite({ output: still.output, state: still.state })).toBe(true);
    }
  });

  test("an input, a state or parameters of other shapes are refused", () => {
    const narrow = full([batch, time, 7], 1, x.dtype);
    expect(() => layer.apply(params, narrow, { extra })).toThrow(`${cell.name}: expected an input`);
    const longer = mapTree(state, (s) => full([...s.shape, 2], 0, s.dtype));
    if (leavesOf(state).length > 0)
      expect(() => applied(subject, { state: longer })).toThrow(new RegExp(`${cell.name}: state .* must be`));
    const wrong = mapTree(params, (w) => full([...w.shape, 2], 0, w.dtype));
    expect(() => layer.apply(wrong, x, { extra })).toThrow(cell.name);
  });

  test("rates outside [0, 1), and limits and deviations that are not finite, are refused by every wrapper", () => {
    const floats = (value: number): NestedStates<number> =>
      mapStates(cell.state, ({ dtype }) => (dtype === "f32" ? value : 0));
    const { products } = probe(cell);
    const kinds = new Set(products.map(({ kind }) => kind));
    for (const rate of [-0.1, 1.5, NaN, Infinity, "0.5" as never]) {
      expect(() => zoneout<Tree, State>(cell, floats(rate))).toThrow(/rate of .* must lie in \[0, 1\]/);
      for (const kind of ["input", "recurrent"] as const) {
        expect(() => variationalDropout(cell, { [kind]: rate })).toThrow("must lie in [0, 1)");
        if (kinds.has(kind)) expect(() => stepDropout(cell, { [kind]: rate })).toThrow("must lie in [0, 1)");
      }
    }
    for (const [option, kind] of [
      ["dropout", "input"],
      ["recurrentDropout", "recurrent"],
    ] as const)
      if (kinds.has(kind))
        expect(() => make({ input: 2, hidden: 4, [option]: 1 })).toThrow(/must lie in \[0, 1\)|unknown option/);
    for (const limit of [0, -1, NaN])
      expect(() =>
        clipState<Tree, State>(
          cell,
          mapStates(cell.state, () => limit),
        ),
      ).toThrow(/must be above 0|float state/);
    for (const deviation of [-1, NaN, Infinity])
      expect(() => stateNoise(cell, { deviation })).toThrow("must be finite and >= 0");
  });
});

const cell: Cell = gru({ input: 2, hidden: 4 });
const ode = hiddenOde as (inner: unknown, options: object) => Cell;
const numbers = [NaN, -1, Infinity];

test.each<readonly [string, readonly number[], (value: number) => unknown]>([
  ["candidateDropout", [-0.1, 1, 1.5, NaN], (rate) => candidateDropout(cell, { rate })],
  ["stepDropout", [-0.1, 1, NaN], (input) => stepDropout(cell, { input })],
  ["variationalDropout", [-0.1, 1, NaN], (recurrent) => variationalDropout(cell, { recurrent })],
  ["dropConnect", [-0.1, 1, NaN], (rate) => reparametrize(cell, { recurrent: dropConnect(rate) })],
  ["sequential", [-0.1, 1, NaN], (dropout) => sequential([sequence(cell)], { dropout })],
  ["clipStateGradient of gru", [0, ...numbers], (max) => clipStateGradient(cell, { max })],
  ["highway", [NaN, Infinity], (bias) => highway(cell, { bias })],
  ["blockDiagonal", [0, 1.5, 3, ...numbers], (heads) => blockDiagonal(cell, { heads })],
  ["hiddenOde", [0, 1.5, ...numbers], (steps) => ode(cell, { steps })],
  ["hiddenOde", [1.5, ...numbers], (layers) => ode(cell, { layers })],
  [
    "chronoInitialization",
    [0, ...numbers],
    (maxTime) => chronoInitialization(lstm({ input: 2, hidden: 4 }), { maxTime, forget: 1, input: 0 }),
  ],
])("%s refuses %j", (name, values, make) => {
  for (const value of values) expect(() => make(value)).toThrow(name);
});

test("options that contradict each other are refused", () => {
  expect(() => sequence(gru({ input: 2, hidden: 4 }), { outputs: "first" as never })).toThrow("unknown outputs first");
  const layer = sequence(cell, { reverse: true });
  expect(() => layer.apply(layer.init(full([2], 1, "i32")), full([1, 3, 2], 1), { carryAfter: 2 })).toThrow(
    "carryAfter needs a layer that runs forwards",
  );
});

test("an option of another kind than its default is refused", () => {
  const loose = lstm as (options: object) => Cell;
  const sizes = { input: 2, hidden: 4 };
  expect(() => loose({ ...sizes, forgetGate: "exponential" })).toThrow(
    'lstm: forgetGate is "exponential", expected true or false, such as true',
  );
  expect(() => loose({ ...sizes, peephole: 1 })).toThrow("lstm: peephole is 1, expected true or false, such as false");
  expect(() => loose({ ...sizes, biases: "1" })).toThrow('lstm: biases is "1", expected a number, such as 1');
});
