import {
  compileStep,
  item,
  key,
  mul,
  scalar,
  tensor,
  tensorsOf,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adaptive,
  chain,
  globalNorm,
  skipNonFinite,
  treeNorm,
  value,
  type GradientTransform,
  type UpdateContext,
} from "./index.ts";

const numbers = (tree: Tree): number[] => tensorsOf(tree).flatMap((x) => [...valuesOf(x)]);
const f64 = (values: number[], shape?: number[]): Tensor => tensor(values, shape, { dtype: "f64" });

const context: UpdateContext = { key: key(0), step: scalar(0, "i32"), loss: scalar(0) };

function once<S extends Tree, R extends Tree, P extends Tree>(
  clipper: GradientTransform<S, R>,
  gradients: P,
  params: P = gradients,
) {
  return clipper.update(gradients, clipper.init(params), params, context);
}

describe("globalNorm", () => {
  test("gives a gradient above the limit exactly the limit's norm, and its direction stays", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 3, maxLength: 9 }),
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        (g, c) => {
          const tree = { a: f64(g.slice(0, 2)), b: f64(g.slice(2)) };
          const { gradients, report } = once(globalNorm(c), tree);
          const norm = Math.hypot(...g);
          expect(item(report!.norm)).toBeCloseTo(norm, 8);
          expect(item(treeNorm(gradients))).toBeCloseTo(Math.min(norm, c), 10);
          const factor = norm > c ? c / norm : 1;
          numbers(gradients).forEach((x, i) => expect(x).toBeCloseTo(g[i]! * factor, 10));
        },
      ),
    );
  });

  test("leaves a gradient below the limit and a zero gradient untouched", () => {
    expect(numbers(once(globalNorm(10), { a: f64([3, 4]) }).gradients)).toEqual([3, 4]);
    expect(numbers(once(globalNorm(10), { a: f64([0, 0]) }).gradients)).toEqual([0, 0]);
  });

  test("names an unknown option and the nearest known one", () => {
    expect(() => globalNorm(1, { epsilom: 1 } as object)).toThrow(
      /globalNorm: unknown option epsilom; did you mean epsilon/,
    );
    expect(() => globalNorm(0)).toThrow(/globalNorm: expected a finite limit above 0, got 0/);
  });
});

describe("adaptive", () => {
  test("scales each unit (column) of [input, units] to lambda max(|W|, epsilon), and no other", () => {
    // Columns of W have norms 5 and 1, of G norms 1 and 1.
    const W = { W: f64([3, 1, 4, 0], [2, 2]) };
    const G = { W: f64([0.6, 0, 0.8, 1], [2, 2]) };
    const { gradients, report } = once(adaptive(0.5), G, W);
    expect(numbers(gradients)).toEqual([0.6, 0, 0.8, 0.5]);
    expect(item(report!.norm)).toBe(1);
    expect(item(report!.clipped)).toBe(0.5);
  });

  test("a bias is one unit, and epsilon lets zero weights move", () => {
    const { gradients } = once(adaptive(0.1, { epsilon: 0.01 }), { b: f64([3, 4]) }, { b: f64([0, 0]) });
    expect(item(treeNorm(gradients))).toBeCloseTo(0.001, 12);
  });

  test("leaves out what `of` refuses", () => {
    const { gradients, report } = once(
      adaptive(0.1, { of: (path) => path !== "b" }),
      { b: f64([3, 4]) },
      { b: f64([0, 0]) },
    );
    expect(numbers(gradients)).toEqual([3, 4]);
    expect(item(report!.clipped)).toBe(0);
  });
});

describe("skipNonFinite", () => {
  const clipper = skipNonFinite({ consecutive: 2 });

  test("asks to skip on NaN and infinity, counts, and gives up after `consecutive` in a row", () => {
    let state = clipper.init({ a: f64([1]) });
    const seen = [NaN, 1, Infinity, -Infinity, NaN, NaN].map((g) => {
      const result = clipper.update({ a: f64([g]) }, state, { a: f64([1]) }, context);
      state = result.state;
      return [item(result.skip!), item(result.report!.skipped)];
    });
    expect(seen).toEqual([
      [1, 1],
      [0, 1],
      [1, 2],
      [1, 3],
      [0, 3],
      [0, 3],
    ]);
  });
});

describe("chain", () => {
  const chained = chain(skipNonFinite(), value(3), globalNorm(1), globalNorm(0.5));

  test("runs its members in order and reports under their names", () => {
    const { gradients, report, skip } = once(chained, { a: f64([30, 4]) });
    expect(item(treeNorm(gradients))).toBeCloseTo(0.5, 12);
    expect(Object.keys(report!)).toEqual(["skipNonFinite", "value", "globalNorm", "globalNorm2"]);
    expect(item((report!.globalNorm as { norm: Tensor }).norm)).toBeCloseTo(Math.hypot(3, 3), 12);
    expect(item(skip!)).toBe(0);
  });

  test("a member that did not ask for the skip keeps its state", () => {
    const history: GradientTransform<{ last: Tensor }> = {
      name: "history",
      init: () => ({ last: scalar(0, "f64") }),
      update: (gradients) => ({ gradients, state: { last: treeNorm(gradients) }, report: {} }),
    };
    const both = chain(history, skipNonFinite());
    const params = { a: f64([1]) };
    const good = both.update({ a: f64([5]) }, both.init(params), params, context);
    const bad = both.update({ a: f64([NaN]) }, good.state, params, context);
    expect(numbers(bad.state)).toEqual([5, 1, 1]);
  });

  test("compiles into a step", async () => {
    const session = await compileStep(
      (state: { clip: ReturnType<typeof chained.init> }, gradients: { a: Tensor }) => {
        const result = chained.update(gradients, state.clip, gradients, context);
        return { state: { clip: result.state }, output: { a: mul(result.gradients.a, 2), skip: result.skip! } };
      },
      { clip: chained.init({ a: tensor([1, 2]) }) },
      [{ a: tensor([1, 2]) }],
    );
    const { a } = await session.run({ a: tensor([30, 4]) });
    expect(Math.hypot(...valuesOf(a))).toBeCloseTo(1, 6);
    expect(item((await session.run({ a: tensor([NaN, 4]) })).skip)).toBe(1);
  });
});
