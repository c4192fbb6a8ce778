// Fusions of sequences against the code of their authors, in f64.
import { grad, key, leavesOf, mapTree, mul, sum, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { double, expectGradients, storedIn, type Stored, type StoredByName } from "../../../../fixtures/stored.ts";
import { bottleneckAttention, memoryFusion, type Fusion } from "../index.ts";

interface Case<O> {
  readonly name: string;
  readonly options: O;
  readonly inputs: StoredByName;
  readonly params: StoredByName;
  readonly upstream: Stored;
  readonly output: Stored;
  readonly gradients: StoredByName;
}

const read = <O>(file: string): readonly Case<O>[] =>
  storedIn<{ readonly cases: readonly Case<O>[] }>(`fusion/${file}`).cases;

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
    const found = [...leavesOf(params), ...leavesOf(inputs)].map(({ path, tensor: g }) => [path, g]);
    expectGradients(Object.fromEntries(found), given.gradients, 1e-12);
  });
});
