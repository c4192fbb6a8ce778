import { readFileSync } from "node:fs";
import { chain, globalNorm, skipNonFinite, type GradientTransform } from "@sluice/clip";
import { gradientTransformSuite } from "@sluice/clip/testing";
import {
  item,
  key,
  keyAt,
  leavesOf,
  mul,
  scalar,
  sub,
  sum,
  tensor,
  valuesOf,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { adam, adamw, frozen, gradientNoise, parameterGroups, reduceOnPlateau, sgd, trainer } from "../index.ts";

interface Golden {
  readonly shape: number[];
  readonly data: number[];
}
type Tensors = Readonly<Record<string, Golden>>;
interface Fixture {
  readonly groups: { readonly parameters: Tensors; readonly gradients: Tensors[]; readonly parametersAfter: Tensors[] };
  readonly plateaus: {
    readonly losses: number[];
    readonly cases: {
      readonly options: {
        readonly factor: number;
        readonly patience: number;
        readonly cooldown?: number;
        readonly rtol?: number;
        readonly atol?: number;
        readonly accumulation_size?: number;
        readonly min_scale?: number;
      };
      readonly scales: number[];
    }[];
  };
}

const { groups, plateaus }: Fixture = JSON.parse(
  readFileSync(new URL("../../../../fixtures/train/groups.json", import.meta.url), "utf8"),
);

const f64 = ({ data, shape }: Golden): Tensor => tensor(data, shape, { dtype: "f64" });
const contextOf = (step: number, loss = 1) => ({
  key: keyAt(key(1), step),
  step: scalar(step, "i32"),
  loss: scalar(loss, "f64"),
});

/** The parameters of the fixture, with a list in them. */
const nested = (of: Tensors) => ({
  layers: [
    { W: f64(of["encoder.W"]!), b: f64(of["encoder.b"]!) },
    { W: f64(of["head.W"]!), b: f64(of["head.b"]!) },
  ],
  gain: f64(of["gain"]!),
});

const backend = wasm();
afterAll(() => backend.close());

describe("parameterGroups", () => {
  const transform = parameterGroups({
    encoder: { of: "layers.0", transform: chain(globalNorm(0.5), sgd({ learningRate: 0.1, momentum: 0.9 })) },
    fixed: { of: (path) => path === "gain", transform: frozen() },
    rest: { transform: adamw({ learningRate: 0.01, weightDecay: 0.1 }) },
  });

  test("updates as optax's multi_transform does", () => {
    let params = nested(groups.parameters);
    let state = transform.init(params);
    groups.gradients.forEach((gradients, step) => {
      const result = transform.update(nested(gradients), state, params, contextOf(step));
      state = result.state;
      params = zipTrees(params, result.gradients, sub);
      const expected = leavesOf(nested(groups.parametersAfter[step]!));
      leavesOf(params).forEach(({ path, tensor: w }, i) => {
        expect(path).toBe(expected[i]!.path);
        valuesOf(w).forEach((value, j) => expect(value).toBeCloseTo(valuesOf(expected[i]!.tensor)[j]!, 12));
      });
    });
  });

  test("a frozen group has no state and keeps its bits; states have the parameters' paths", () => {
    const params = { W: tensor([-0, 3]), V: tensor([1]) };
    const own = parameterGroups({
      W: { of: ["W"], transform: frozen() },
      rest: { transform: adam({ learningRate: 1 }) },
    });
    const state = own.init(params);
    expect(leavesOf(state).map(({ path }) => path)).toEqual([
      "rest.moments.count",
      "rest.moments.mean.V",
      "rest.moments.square.V",
    ]);
    const { gradients } = own.update({ W: tensor([NaN, Infinity]), V: tensor([1]) }, state, params, contextOf(0));
    expect([...valuesOf(sub(params.W, gradients.W))]).toEqual([-0, 3]);
    expect(valuesOf(gradients.V)[0]).not.toBe(0);
  });

  test("a step that one group skips is skipped for all", () => {
    const params = { a: tensor([1]), b: tensor([1]) };
    const own = parameterGroups({
      a: { of: "a", transform: chain(skipNonFinite(), adam({ learningRate: 1 })) },
      b: { of: "b", transform: adam({ learningRate: 1 }) },
    });
    const state = own.init(params);
    const skipped = own.update({ a: tensor([NaN]), b: tensor([1]) }, state, params, contextOf(0));
    expect(item(skipped.skip!)).toBe(1);
    const numbers = (tree: Tree, under: string): number[] =>
      leavesOf(tree).flatMap(({ path, tensor: x }) => (path.includes(under) ? [...valuesOf(x)] : []));
    expect(numbers(skipped.state, "moments")).toEqual(numbers(state, "moments"));
    expect(
      numbers(own.update({ a: tensor([1]), b: tensor([1]) }, state, params, contextOf(0)).state, "moments"),
    ).not.toEqual(numbers(state, "moments"));
  });

  test("groups draw their own noise", () => {
    const noise = () => gradientNoise({ deviation: 1 });
    const params = { a: tensor([0]), b: tensor([0]) };
    const own = parameterGroups({ a: { of: "a", transform: noise() }, b: { transform: noise() } });
    const { gradients } = own.update(params, own.init(params), params, contextOf(0));
    expect(item(gradients.a)).not.toBe(item(gradients.b));
  });

  test("a trainer trains them, and a checkpoint restores them", async () => {
    const training = async () =>
      trainer({
        loss: ({ a, b }: { a: Tensor; b: Tensor }, x: Tensor) => ({ loss: sum(mul(mul(a, b), x)) }),
        optimizer: parameterGroups({
          a: { of: "a", transform: frozen() },
          rest: { transform: adam({ learningRate: 0.1 }) },
        }),
        params: { a: tensor([0.1]), b: tensor([1]) },
        key: key(1),
        batch: tensor([1]),
        backend,
      });
    const [one, other] = [await training(), await training()];
    await one.run(tensor([1]));
    const saved = await one.save();
    await one.run(tensor([2]));
    await other.restore(saved);
    await other.run(tensor([2]));
    expect(await other.params()).toEqual(await one.params());
    expect(item((await one.params()).a)).toBe(Math.fround(0.1));
    expect(item((await one.params()).b)).toBeLessThan(1);
  });

  test("what is wrong is an error", () => {
    const params = { layers: [{ W: tensor([1]), b: tensor([1]) }], head: { W: tensor([1]) } };
    const adams = { transform: adam({ learningRate: 1 }) };
    const of = (given: string | string[]) => () =>
      parameterGroups({ own: { of: given, ...adams }, rest: adams }).init(params);
    expect(of("layer.0")).toThrow(
      "parameterGroups: no parameter begins with layer.0, as the group own says; did you mean layers.0?",
    );
    expect(of(["head", "heads.W"])).toThrow(
      "no parameter begins with heads.W, as the group own says; did you mean head.W?",
    );
    expect(of("layers.00")).toThrow("no parameter begins with layers.00");
    expect(() => parameterGroups({ own: { of: "layers", ...adams } }).init(params)).toThrow(
      "parameterGroups: no group has the parameter head.W; add a last group without of, such as rest: { transform: frozen() }",
    );
    expect(() => parameterGroups({})).toThrow("parameterGroups: expected groups by name");
    expect(() => parameterGroups({ "a.b": adams })).toThrow('a group has the name "a.b", expected one without dots');
    expect(() => parameterGroups({ a: { optimizer: adams.transform } as never })).toThrow(
      "parameterGroups: the group a: unknown option optimizer; did you mean transform?",
    );
    expect(() => parameterGroups({ a: { transform: adam as never } })).toThrow(
      "parameterGroups: the group a: transform is",
    );
    expect(() => parameterGroups({ a: { of: 3 as never, ...adams } })).toThrow(
      "parameterGroups: the group a: of is 3, expected the beginning of paths, a list of these, or a function",
    );
  });
});

describe("reduceOnPlateau", () => {
  test.each(plateaus.cases)("falls as optax's: $options", ({ options, scales }) => {
    const { factor, patience, cooldown, rtol, atol, accumulation_size: every, min_scale: min } = options;
    const given = { cooldown, leastRatio: rtol, least: atol, every, min };
    const transform = reduceOnPlateau({
      factor,
      patience,
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    });
    const params = { w: tensor([1], undefined, { dtype: "f64" }) };
    let state = transform.init(params);
    const found = plateaus.losses.map((loss, step) => {
      const result = transform.update(params, state, params, contextOf(step, loss));
      state = result.state;
      expect(item(result.gradients.w)).toBe(item(result.report!.scale));
      return item(result.report!.scale);
    });
    found.forEach((scale, step) => expect(scale).toBeCloseTo(scales[step]!, 14));
    expect(new Set(scales).size).toBeGreaterThan(2);
  });

  test("a value is the mean over its steps, by the weights of the batches", () => {
    const transform = reduceOnPlateau({ every: 2, patience: 1, factor: 0.5, leastRatio: 0 });
    const params = { w: tensor([1], undefined, { dtype: "f64" }) };
    let state = transform.init(params);
    // Means: 1, then (3 * 0.5 + 1 * 2) / 4 = 0.875, then 0.875 again.
    const batches = [
      [1, 1],
      [1, 1],
      [0.5, 3],
      [2, 1],
      [0.875, 1],
      [0.875, 1],
    ];
    const scales = batches.map(([loss = 0, weight = 0], step) => {
      const result = transform.update(params, state, params, {
        ...contextOf(step, loss),
        weight: scalar(weight, "f64"),
      });
      state = result.state;
      return item(result.report!.scale);
    });
    expect(scales).toEqual([1, 1, 1, 1, 1, 0.5]);
  });

  test("options that are wrong are errors", () => {
    expect(() => reduceOnPlateau({ factor: 1 })).toThrow("reduceOnPlateau: expected factor in (0, 1), got 1");
    expect(() => reduceOnPlateau({ patience: 0 })).toThrow("reduceOnPlateau: expected an integer patience >= 1, got 0");
    expect(() => reduceOnPlateau({ every: 1.5 })).toThrow("reduceOnPlateau: expected an integer every >= 1, got 1.5");
    expect(() => reduceOnPlateau({ cooldown: -1 })).toThrow(
      "reduceOnPlateau: expected an integer cooldown >= 0, got -1",
    );
    expect(() => reduceOnPlateau({ min: 1 })).toThrow("reduceOnPlateau: expected min in [0, 1), got 1");
    expect(() => reduceOnPlateau({ least: NaN })).toThrow("reduceOnPlateau: expected a finite least >= 0, got NaN");
    expect(() => reduceOnPlateau({ rtol: 0.1 } as never)).toThrow("did you mean leastRatio?");
  });
});

describe.each<[string, GradientTransform, object]>([
  [
    "frozen",
    frozen(),
    {
      except: {
        "no NaN passes as a number: it stays NaN, or the step is skipped": "it looks at no gradient",
      },
    },
  ],
  [
    "parameterGroups",
    parameterGroups({
      matrices: { of: (_, w) => w.shape.length > 1, transform: chain(globalNorm(1), adam({ learningRate: 0.1 })) },
      rest: { transform: sgd({ learningRate: 0.1, momentum: 0.9 }) },
    }),
    {},
  ],
  ["reduceOnPlateau", chain(sgd({ learningRate: 0.1 }), reduceOnPlateau({ patience: 1, every: 2 })), {}],
])("%s", (_, transform, options) => {
  for (const { name, skip, run } of gradientTransformSuite(transform, { backend, ...options }))
    test(name, { skip: skip !== undefined }, run);
});
