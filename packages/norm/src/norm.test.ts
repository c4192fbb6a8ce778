import { readFileSync } from "node:fs";
import {
  compile,
  full,
  mul,
  reference,
  reshape,
  stack,
  sum,
  tensor,
  valueAndGrad,
  valueAndGradAux,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type DType,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import {
  adaNorm,
  batchNorm,
  dyT,
  groupNorm,
  layerNorm,
  rmsNorm,
  scaleNorm,
  type AdaNormOptions,
  type GroupNormOptions,
  type NormalizerContext,
  type RowNormalizer,
  type ScaleNormOptions,
} from "./index.ts";

interface Fixture {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly name: string;
  readonly eps: number;
  readonly input: Fixture;
  readonly gain?: Fixture;
  readonly bias?: Fixture;
  readonly upstream: Fixture;
  readonly output: Fixture;
  readonly gradients: Readonly<Record<string, Fixture>>;
}

const webAssembly = wasm();
afterAll(() => webAssembly.close());

const runs: readonly { name: string; backend: () => Backend; dtype: DType; tolerance: number }[] = [
  { name: "reference, f64", backend: reference, dtype: "f64", tolerance: 1e-12 },
  { name: "reference, f32", backend: reference, dtype: "f32", tolerance: 1e-5 },
  { name: "wasm", backend: () => webAssembly, dtype: "f32", tolerance: 1e-5 },
];

const norms: readonly { file: string; norm: (golden: Case) => RowNormalizer }[] = [
  {
    file: "layer-norm",
    norm: ({ eps, gain, bias }) => layerNorm({ epsilon: eps, gain: gain !== undefined, bias: bias !== undefined }),
  },
  { file: "rms-norm", norm: ({ eps, gain }) => rmsNorm({ epsilon: eps, gain: gain !== undefined }) },
];

describe.each(runs)("$name", ({ backend, dtype, tolerance }) => {
  describe.each(norms)("$file", ({ file, norm }) => {
    test.each(casesOf(file))("$name: output and gradients", async (golden) => {
      const normalizer = norm(golden);
      const array = ({ shape, data }: Fixture): ArrayTensor => tensor(data, shape, { dtype });
      const params: Record<string, Tensor> = {
        ...(golden.gain && { gain: array(golden.gain) }),
        ...(golden.bias && { bias: array(golden.bias) }),
      };
      expect(Object.keys(normalizer.params([8], "other")).toSorted()).toEqual(Object.keys(params).toSorted());
      const upstream = array(golden.upstream);
      const f = valueAndGradAux((given: { params: Record<string, Tensor>; input: Tensor }) => {
        const output = normalizer.apply(given.params, given.input);
        return { value: sum(mul(output, upstream)), aux: output };
      });
      const example = { params, input: array(golden.input) };
      const { aux, gradient } = await (await compile(f, [example], { backend: backend() }))(example);
      close(aux, golden.output, tolerance, "output");
      const found: Record<string, Tensor> = { ...gradient.params, input: gradient.input };
      expect(Object.keys(found).toSorted()).toEqual(Object.keys(golden.gradients).toSorted());
      for (const [name, values] of Object.entries(golden.gradients))
        close(found[name]!, values, tolerance, `gradient of ${name}`);
    });
  });
});

interface FurtherCase {
  readonly name: string;
  readonly norm: "groupNorm" | "scaleNorm" | "dyT" | "adaNorm";
  readonly options: GroupNormOptions & ScaleNormOptions & AdaNormOptions;
  readonly params: Readonly<Record<string, Fixture>>;
  readonly input: Fixture;
  readonly upstream: Fixture;
  readonly output: Fixture;
  readonly gradients: Readonly<Record<string, Fixture>>;
}

const furtherCases: FurtherCase[] = JSON.parse(
  readFileSync(new URL("../../../fixtures/norm/further.json", import.meta.url), "utf8"),
).cases;

function furtherNorm({ norm, options, params }: FurtherCase): RowNormalizer {
  const learned = { gain: "gain" in params, bias: "bias" in params };
  if (norm === "groupNorm") return groupNorm({ ...options, ...learned });
  if (norm === "scaleNorm") return scaleNorm(options);
  return norm === "dyT" ? dyT(learned) : adaNorm(options);
}

describe.each(runs)("$name", ({ backend, dtype, tolerance }) => {
  test.each(furtherCases)("$name: output and gradients", async (golden) => {
    const normalizer = furtherNorm(golden);
    const array = ({ shape, data }: Fixture): ArrayTensor => tensor(data, shape, { dtype });
    const params = Object.fromEntries(Object.entries(golden.params).map(([name, values]) => [name, array(values)]));
    const upstream = array(golden.upstream);
    const f = valueAndGradAux((given: { params: Record<string, Tensor>; input: Tensor }) => {
      const output = normalizer.apply(given.params, given.input);
      return { value: sum(mul(output, upstream)), aux: output };
    });
    const example = { params, input: array(golden.input) };
    const { aux, gradient } = await (await compile(f, [example], { backend: backend() }))(example);
    close(aux, golden.output, tolerance, "output");
    const found: Record<string, Tensor> = { ...gradient.params, input: gradient.input };
    expect(Object.keys(found).toSorted()).toEqual(Object.keys(golden.gradients).toSorted());
    for (const [name, values] of Object.entries(golden.gradients))
      close(found[name]!, values, tolerance, `gradient of ${name}`);
  });
});

interface BatchCase {
  readonly name: string;
  readonly eps: number;
  readonly momentum: number;
  readonly gain: Fixture;
  readonly bias: Fixture;
  readonly batches: readonly {
    readonly input: Fixture;
    readonly upstream: Fixture;
    readonly output: Fixture;
    readonly mean: Fixture;
    readonly variance: Fixture;
    readonly gradients: Readonly<Record<string, Fixture>>;
  }[];
  readonly evaluation: { readonly input: Fixture; readonly output: Fixture };
}

const batchCases: BatchCase[] = JSON.parse(
  readFileSync(new URL("../../../fixtures/norm/batch-norm.json", import.meta.url), "utf8"),
).cases;

describe.each(batchCases)("$name, as PyTorch's BatchNorm1d", ({ eps, momentum, batches, evaluation, ...given }) => {
  const norm = batchNorm({ steps: 1, epsilon: eps, momentum });
  const array = ({ shape, data }: Fixture): ArrayTensor => tensor(data, shape, { dtype: "f64" });
  const params = { gain: array(given.gain), bias: array(given.bias) };
  const context = (training: boolean, buffers: Record<string, Tensor>): NormalizerContext => ({
    training,
    buffers,
    active: () => undefined,
    stepIndex: undefined,
    key: () => expect.fail("batchNorm draws nothing"),
  });

  test("outputs, gradients and running statistics of each batch, and an evaluation", () => {
    let buffers: Record<string, Tensor> = Object.fromEntries(
      Object.entries(norm.buffers!([8], "cell")).map(([name, { shape, initial }]) => [
        name,
        full(shape, initial, "f64"),
      ]),
    );
    batches.forEach(({ input, upstream, output, gradients, ...running }, i) => {
      const { gradient, aux } = valueAndGradAux((at: { gain: Tensor; bias: Tensor; input: Tensor }) => {
        const { input: x, ...weights } = at;
        const returned = norm.apply(weights, x, context(true, buffers));
        if ("kind" in returned) expect.fail("nothing was observed");
        return { value: sum(mul(returned.output, array(upstream))), aux: returned };
      })({ ...params, input: array(input) });
      close(aux.output, output, 1e-12, `output of batch ${i}`);
      for (const name of ["input", "gain", "bias"] as const)
        close(gradient[name], gradients[name]!, 1e-11, `gradient of ${name}, batch ${i}`);
      buffers = {
        ...norm.update!(
          buffers,
          mapRecord(aux.observed, (x) => stack([x])),
        ),
      };
      for (const name of ["mean", "variance"] as const)
        close(reshape(buffers[name]!, [8]), running[name], 1e-12, `running ${name} after batch ${i}`);
    });
    const evaluated = norm.apply(params, array(evaluation.input), context(false, buffers));
    if (!("kind" in evaluated)) expect.fail("evaluation observed something");
    close(evaluated, evaluation.output, 1e-12, "evaluation");
  });
});

const mapRecord = (record: Readonly<Record<string, Tensor>>, f: (x: Tensor) => Tensor): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(record).map(([name, x]) => [name, f(x)]));

test("batchNorm has no offset beside the cell's own bias, and begins with a gain of 0.1", () => {
  const names = (norm: ReturnType<typeof batchNorm>, part: "input" | "gates" | "cell"): string[] =>
    Object.keys(norm.params([3], part));
  expect(names(batchNorm({ steps: 2 }), "input")).toEqual(["gain"]);
  expect(names(batchNorm({ steps: 2 }), "gates")).toEqual(["gain", "bias"]);
  expect(names(batchNorm({ steps: 2 }), "cell")).toEqual(["gain", "bias"]);
  expect(names(batchNorm({ steps: 2, gain: false, bias: false }), "cell")).toEqual([]);
  const key = tensor(Int32Array.of(1, 2));
  const { gain } = batchNorm({ steps: 2 }).params([3], "input");
  expect([...valuesOf(gain!.initializer(key, [3]))]).toEqual([0.1, 0.1, 0.1]);
  expect([
    ...valuesOf(batchNorm({ steps: 2, initialGain: 1 }).params([1], "input")["gain"]!.initializer(key, [1])),
  ]).toEqual([1]);
});

test("gains start at 1 and biases at 0", () => {
  const { gain, bias } = layerNorm().params([2, 3], "gates");
  const key = tensor(Int32Array.of(1, 2));
  expect([...valuesOf(gain!.initializer(key, gain!.shape))]).toEqual([1, 1, 1, 1, 1, 1]);
  expect([...valuesOf(bias!.initializer(key, bias!.shape))]).toEqual([0, 0, 0, 0, 0, 0]);
});

test("the scalars start at sqrt(d) and 0.5, and groups must divide the features", () => {
  const key = tensor(Int32Array.of(1, 2));
  const { g } = scaleNorm().params([2, 9], "gates");
  expect([g!.shape, ...valuesOf(g!.initializer(key, g!.shape))]).toEqual([[], 3]);
  const { alpha } = dyT().params([4], "input");
  expect([alpha!.shape, ...valuesOf(alpha!.initializer(key, alpha!.shape))]).toEqual([[], 0.5]);
  expect(() => groupNorm({ groups: 3 }).params([8], "cell")).toThrow(
    "groupNorm: 8 features cannot be divided into 3 equal groups",
  );
});

test("placements are data", () => {
  expect(layerNorm().placement).toEqual({ preactivation: "branches", cell: true });
  expect(layerNorm({ placement: "gates" }).placement).toEqual({ preactivation: "gates", cell: true });
  expect(rmsNorm({ cell: false }).placement).toEqual({ preactivation: "branches", cell: false });
});

test("bad options are named", () => {
  const given = (options: object): object => options;
  expect(() => layerNorm(given({ epsilom: 1 }))).toThrow("layerNorm: unknown option epsilom; did you mean epsilon?");
  expect(() => rmsNorm(given({ eps: 1 }))).toThrow("rmsNorm: unknown option eps; did you mean epsilon?");
  expect(() => rmsNorm(given({ placement: "gate" }))).toThrow("rmsNorm: unknown placement gate; did you mean gates?");
  expect(() => batchNorm(given({}) as { steps: number })).toThrow(
    "batchNorm: expected steps as an integer of at least 1, got undefined; it is the number of time steps",
  );
  expect(() => batchNorm({ steps: 1, momentum: 1.5 })).toThrow("batchNorm: expected 0 < momentum <= 1, got 1.5");
  expect(() => batchNorm({ steps: 1, initialGain: Infinity })).toThrow("batchNorm: expected initialGain as a finite");
  expect(() => batchNorm({ steps: 1, ...given({ gamma: 1 }) })).toThrow(
    "batchNorm: unknown option gamma; did you mean gain?",
  );
  expect(() => groupNorm({ groups: 0 })).toThrow("groupNorm: expected groups as an integer of at least 1, got 0");
  expect(() => dyT(given({ epsilon: 1 }))).toThrow("dyT: unknown option epsilon");
  expect(() => dyT({ initialAlpha: NaN })).toThrow("dyT: expected initialAlpha as a finite number, got NaN");
  expect(() => adaNorm({ k: Infinity })).toThrow("adaNorm: expected k as a finite number, got Infinity");
  expect(() => layerNorm({ epsilon: -1 })).toThrow("layerNorm: expected epsilon > 0, got -1");
  expect(() => rmsNorm({ epsilon: 0 })).toThrow(
    "rmsNorm: expected epsilon > 0, got 0; without it, a row of equal features, such as a state of zeros, gives 0 / 0",
  );
});

test.each([
  ["layerNorm", layerNorm({ gain: false, bias: false })],
  ["rmsNorm", rmsNorm({ gain: false })],
])("%s of zeros is 0, with a finite gradient", (_, norm) => {
  const zeros = tensor([0, 0, 0, 0], [1, 4]);
  const { value, gradient } = valueAndGrad((x: Tensor) => sum(mul(norm.apply({}, x), tensor([1, 2, 3, 4]))))(zeros);
  expect([...valuesOf(value)]).toEqual([0]);
  // The derivative of y = x / sqrt(epsilon), less the mean for layerNorm.
  const mean = norm.name === "layerNorm" ? 2.5 : 0;
  [1, 2, 3, 4].forEach((weight, i) =>
    expect(valuesOf(gradient)[i]! / ((weight - mean) / Math.sqrt(1e-5))).toBeCloseTo(1, 5),
  );
});

function casesOf(file: string): Case[] {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/norm/${file}.json`, import.meta.url), "utf8")).cases;
}

/** Largest difference over largest expected magnitude. */
function close(found: Tensor, { shape, data }: Fixture, tolerance: number, what: string): void {
  expect(found.shape, what).toEqual(shape);
  const values = valuesOf(found);
  const difference = data.reduce((worst, expected, i) => Math.max(worst, Math.abs(values[i]! - expected)), 0);
  const magnitude = data.reduce((largest, expected) => Math.max(largest, Math.abs(expected)), 0);
  expect(difference, what).toBeLessThanOrEqual(tolerance * magnitude);
}

describe.each(runs.filter(({ dtype }) => dtype === "f32"))("squares beyond f32, $name", ({ backend }) => {
  // PyTorch 2.15: layer_norm of [2e19, -2e19, 4e19, 1e19] is 0, rms_norm of it 0 or -0.
  const rows = tensor([2e19, -2e19, 4e19, 1e19, 1e18, -1e18, 2e18, -2e18], [2, 4]);
  const applied = async (normalizer: RowNormalizer, params: Record<string, Tensor>): Promise<number[]> => {
    const f = (x: Tensor): Tensor => normalizer.apply(params, x);
    const compiled = await compile(f, [rows], { backend: backend() });
    return [...valuesOf(await compiled(rows))];
  };
  const root = Math.sqrt(2.5);

  test("layerNorm gives the offset alone, and other rows are as they should be", async () => {
    const bias = tensor([1, 2, 3, 4], [4]);
    const values = await applied(layerNorm({ gain: false }), { bias });
    expect(values.slice(0, 4)).toEqual([1, 2, 3, 4]);
    [1 + 1 / root, 2 - 1 / root, 3 + 2 / root, 4 - 2 / root].forEach((x, i) => expect(values[4 + i]).toBeCloseTo(x, 5));
  });

  test("rmsNorm gives 0, and other rows are as they should be", async () => {
    const values = await applied(rmsNorm({ gain: false }), {});
    expect(values.slice(0, 4).map(Math.abs)).toEqual([0, 0, 0, 0]);
    [1, -1, 2, -2].forEach((x, i) => expect(values[4 + i]).toBeCloseTo(x / root, 5));
  });
});
