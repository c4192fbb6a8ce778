import { readFileSync } from "node:fs";
import {
  compile,
  mul,
  reference,
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
import { layerNorm, rmsNorm, type Normalizer } from "./index.ts";

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

const norms: readonly { file: string; norm: (golden: Case) => Normalizer }[] = [
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
      expect(Object.keys(normalizer.params([8])).toSorted()).toEqual(Object.keys(params).toSorted());
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

test("gains start at 1 and biases at 0", () => {
  const { gain, bias } = layerNorm().params([2, 3]);
  const key = tensor(Int32Array.of(1, 2));
  expect([...valuesOf(gain!.initializer(key, gain!.shape))]).toEqual([1, 1, 1, 1, 1, 1]);
  expect([...valuesOf(bias!.initializer(key, bias!.shape))]).toEqual([0, 0, 0, 0, 0, 0]);
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
  const applied = async (normalizer: Normalizer, params: Record<string, Tensor>): Promise<number[]> => {
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
