// Fusions of sequences against the code of their authors, in f64.
import { readFileSync } from "node:fs";
import {
  grad,
  key,
  leavesOf,
  mapTree,
  mul,
  sum,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { bottleneckAttention, memoryFusion, type Fusion } from "../index.ts";

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case<O> {
  readonly name: string;
  readonly options: O;
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly params: Readonly<Record<string, Stored>>;
  readonly upstream: Stored;
  readonly output: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
}

const read = <O>(file: string): readonly Case<O>[] =>
  JSON.parse(readFileSync(new URL(`../../../../fixtures/fusion/${file}`, import.meta.url), "utf8")).cases;

const double = ({ shape, data }: Stored): ArrayTensor => tensor(new Float64Array(data), shape);
const widthsOf = (inputs: Case<unknown>["inputs"]): Record<string, number> =>
  Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape[2]!]));

const subjects: readonly (readonly [string, Case<unknown>, Fusion])[] = [
  ...read<Omit<Parameters<typeof bottleneckAttention>[0], "inputs">>("mbt.json").map(
    (given) =>
      [`MBT: ${given.name}`, given, bottleneckAttention({ inputs: widthsOf(given.inputs), ...given.options })] as const,
  ),
  ...read<Omit<Parameters<typeof memoryFusion>[0], "inputs">>("mfn.json").map(
    (given) =>
      [`MFN: ${given.name}`, given, memoryFusion({ inputs: widthsOf(given.inputs), ...given.options })] as const,
  ),
];

describe.each(subjects)("%s", (_, given, fusion) => {
  const at = {
    params: mapTree(fusion.init(key(1)), (__, path) => double(given.params[path]!)),
    inputs: Object.fromEntries(Object.entries(given.inputs).map(([name, x]) => [name, double(x)])),
  };
  const apply = ({ params, inputs }: typeof at): Tensor => fusion.apply(params, inputs).output;

  test("output", () => {
    const found = apply(at);
    expect(found.shape).toEqual(given.output.shape);
    [...valuesOf(found)].forEach((y, i) => expect(y).toBeCloseTo(given.output.data[i]!, 12));
  });

  test("gradients", () => {
    const { params, inputs } = grad((p: typeof at) => sum(mul(apply(p), double(given.upstream))))(at);
    const found = [...leavesOf(params), ...leavesOf(inputs)];
    expect(found.map(({ path }) => path).sort()).toEqual(Object.keys(given.gradients).sort());
    const largest = Math.max(...Object.values(given.gradients).flatMap(({ data }) => data.map(Math.abs)));
    for (const { path, tensor: g } of found) {
      expect(g.shape, path).toEqual(given.gradients[path]!.shape);
      [...valuesOf(g)].forEach((value, i) =>
        expect(Math.abs(value - given.gradients[path]!.data[i]!) / largest, path).toBeLessThan(1e-12),
      );
    }
  });
});
