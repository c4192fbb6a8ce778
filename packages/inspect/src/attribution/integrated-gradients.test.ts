import { readFileSync } from "node:fs";
import { dense, rnn, sequence, sequential } from "@sluice/cells";
import {
  convert,
  key,
  mul,
  normal,
  reshape,
  sum,
  take,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type Tensor,
} from "@sluice/tensor";
import { expectNear, expectSame } from "@sluice/tensor/testing";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { integratedGradients, type QuadratureRule, type Score } from "../index.ts";

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly name: string;
  readonly rule: string;
  readonly steps: number;
  readonly baseline: Stored;
  readonly attributions: Stored;
  readonly completenessErrors: Stored;
}
const golden: {
  readonly lengths: number[];
  readonly input: Stored;
  readonly weights: Readonly<Record<"W" | "U" | "b" | "V", Stored>>;
  readonly scores: Stored;
  readonly gradients: readonly Case[];
} = JSON.parse(readFileSync(new URL("../../../../fixtures/inspect/attribution.json", import.meta.url), "utf8"));

const read = ({ shape, data }: Stored): ArrayTensor => tensor(Float64Array.from(data), shape);
const backend = wasm();
afterAll(() => backend.close());

const { W, U, b, V } = golden.weights;
const params = [
  { W: read(W), U: read(U), b: read(b) },
  { W: read(V), b: tensor(new Float64Array(2)) },
] as const;
const model = sequential([sequence(rnn({ input: 3, hidden: 4 }), { outputs: "last" }), dense({ input: 4, output: 2 })]);
const score: Score = (x, inputs) => take(model.apply([...params], x, inputs).output, 1, 1);

/** The same in f32, for the wasm backend. */
const single = (y: Tensor): Tensor => convert(y, "f32");
const [recurrent, readout] = params;
const params32 = [
  { W: single(recurrent.W), U: single(recurrent.U), b: single(recurrent.b) },
  { W: single(readout.W), b: single(readout.b) },
] as const;
const score32: Score = (x, inputs) => take(model.apply([...params32], x, inputs).output, 1, 1);
const rules: Readonly<Record<string, QuadratureRule>> = {
  gausslegendre: "gaussLegendre",
  riemann_left: "left",
  riemann_middle: "middle",
  riemann_right: "right",
  riemann_trapezoid: "trapezoid",
};

test.each(golden.gradients)("captum's attributions: $name", async (given) => {
  const found = await integratedGradients(score, read(golden.input), {
    lengths: golden.lengths,
    baseline: read(given.baseline),
    steps: given.steps,
    rule: rules[given.rule]!,
  });
  const [, time, features] = golden.input.shape as [number, number, number];
  const isPresent = (i: number): boolean =>
    Math.floor(i / features) % time < golden.lengths[Math.floor(i / (time * features))]!;
  // captum gives 0 at steps that a row does not have; here they are missing.
  const attributions = [...valuesOf(found.attributions)].map((y, i) => {
    expect(Number.isNaN(y)).toBe(!isPresent(i));
    return isPresent(i) ? y : 0;
  });
  expectNear("attributions", attributions, given.attributions.data, 1e-13);
  expectNear("scores", valuesOf(found.scores), golden.scores.data, 1e-14);
  expectNear("errors", valuesOf(found.completenessErrors), given.completenessErrors.data, 1e-13);
});

test("a linear score is attributed exactly, by one step, whatever the rule", async () => {
  const x = normal(key(1), [2, 3, 2], { dtype: "f64" });
  const w = normal(key(2), [3, 2], { dtype: "f64" });
  const linear: Score = (at) => sum(reshape(mul(at, w), [2, 6]), 1);
  for (const rule of ["gaussLegendre", "left", "middle", "right"] as const) {
    const { attributions, completenessErrors } = await integratedGradients(linear, x, { steps: 1, rule });
    expectNear(rule, valuesOf(attributions), valuesOf(mul(x, w)), 1e-14);
    expectNear(rule, valuesOf(completenessErrors), [0, 0], 1e-14);
  }
});

test("NaN at steps that a row does not have reaches nothing, and the wasm backend agrees with the reference", async () => {
  const x = read(golden.input);
  const [, time, features] = x.shape as [number, number, number];
  const spoiled = tensor(
    Float64Array.from(x.data, (y, i) =>
      Math.floor(i / features) % time < golden.lengths[Math.floor(i / (time * features))]! ? y : NaN,
    ),
    x.shape,
  );
  const options = { lengths: golden.lengths, steps: 5 };
  const clean = await integratedGradients(score, x, options);
  const dirty = await integratedGradients(score, spoiled, options);
  const { features: names, ...numbers } = clean;
  const { features: _, ...others } = dirty;
  expectSame("with NaN", others, numbers);
  expect(names).toEqual(["feature 0", "feature 1", "feature 2"]);

  const compiled = await integratedGradients(score32, single(x), { ...options, backend, features: ["a", "b", "c"] });
  expect(compiled.features).toEqual(["a", "b", "c"]);
  const present = (values: ArrayLike<number>): number[] => Array.from(values).filter((y) => !Number.isNaN(y));
  expectNear("in f32", present(valuesOf(compiled.attributions)), present(valuesOf(clean.attributions)), 1e-5);
});

test("the program is compiled once and run for every point and both ends", async () => {
  const counts = { compiled: 0, run: 0 };
  const counting: Backend = {
    ...backend,
    async compile(...args) {
      counts.compiled++;
      const executable = await backend.compile(...args);
      return {
        ...executable,
        statistics: executable.statistics,
        dispose: () => executable.dispose(),
        run(inputs) {
          counts.run++;
          return executable.run(inputs);
        },
      };
    },
  };
  await integratedGradients(score32, single(read(golden.input)), { steps: 7, backend: counting });
  expect(counts).toEqual({ compiled: 1, run: 9 });
});

test("a mask takes steps out as lengths do", async () => {
  const x = read(golden.input);
  const mask = tensor([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0], [3, 6], { dtype: "bool" });
  const byLengths = await integratedGradients(score, x, { lengths: [6, 2, 5], steps: 4 });
  const byMask = await integratedGradients(score, x, { mask, steps: 4 });
  expectNear(
    "attributions",
    [...valuesOf(byMask.attributions)].map((y) => (Number.isNaN(y) ? 9 : y)),
    [...valuesOf(byLengths.attributions)].map((y) => (Number.isNaN(y) ? 9 : y)),
    1e-14,
  );
});

test("arguments that do not fit are errors that say what is expected", async () => {
  const x = read(golden.input);
  const of = (options: object, at: ArrayTensor = x, f: Score = score): Promise<unknown> =>
    integratedGradients(f, at, options);
  await expect(of({ steps: 0 })).rejects.toThrow("steps must be an integer of at least 1 for the rule gaussLegendre");
  await expect(of({ steps: 1, rule: "trapezoid" })).rejects.toThrow("at least 2 for the rule trapezoid");
  await expect(of({ rule: "simpson" })).rejects.toThrow("unknown rule simpson");
  await expect(of({ baseline: tensor([0, 0]) })).rejects.toThrow(
    "the baseline must be a number or broadcast to x [3,6,3]",
  );
  await expect(of({ lengths: [1, 2] })).rejects.toThrow("lengths must be i32 [3]");
  await expect(of({ features: ["a"] })).rejects.toThrow("x has 3 features, got 1 names");
  await expect(of({ extra: { elapsed: tensor([1], [1, 1]) } })).rejects.toThrow("extra elapsed must be [3, 6, ...]");
  await expect(of({ n_steps: 3 })).rejects.toThrow("steps");
  await expect(of({}, tensor([1, 2], [1, 2], { dtype: "i32" }))).rejects.toThrow(
    "x must be a float [batch, time, features]",
  );
  await expect(of({}, x, (at, inputs) => model.apply([...params], at, inputs).output)).rejects.toThrow(
    "the score must be a float [3], one number for each row",
  );
});
