import { readFileSync } from "node:fs";
import {
  compile,
  item,
  key,
  reference,
  scalar,
  tensor,
  tensorsOf,
  valuesOf,
  type Backend,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { globalNorm, value, type GradientTransform, type NormKind } from "./index.ts";

interface Golden {
  readonly shape: number[];
  readonly data: number[];
}
type Goldens = { kernel: Golden; recurrent: Golden; bias: Golden };
interface NormCase {
  readonly name: string;
  readonly maxNorm: number;
  readonly normType: string;
  readonly norm: number;
  readonly gradients: Goldens;
  readonly clipped: Goldens;
}
interface ValueCase {
  readonly name: string;
  readonly limit: number;
  readonly gradients: Goldens;
  readonly clipped: Goldens;
}

const read = <T>(name: string): { cases: T[] } =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/clip/${name}.json`, import.meta.url), "utf8"));

const kinds: Record<string, NormKind> = { "1": 1, "2": 2, inf: "max" };

const treeOf = (golden: Goldens, dtype: DType): { [K in keyof Goldens]: Tensor } => {
  const one = ({ shape, data }: Golden): Tensor => tensor(data, shape, { dtype });
  return { kernel: one(golden.kernel), recurrent: one(golden.recurrent), bias: one(golden.bias) };
};

async function clip(
  clipper: GradientTransform,
  gradients: Goldens,
  { dtype, backend }: { dtype: DType; backend: Backend },
) {
  const tree = treeOf(gradients, dtype);
  const clipped = await compile(
    (given: typeof tree) => {
      const { gradients: after, report } = clipper.update(given, clipper.init(given), given, {
        key: key(0),
        step: scalar(0, "i32"),
        loss: scalar(0),
      });
      return { gradients: after, report: report! };
    },
    [tree],
    { backend },
  );
  return clipped(tree);
}

/** Largest difference over largest expected magnitude, of all tensors together. */
function error(actual: Tree, expected: Tree): number {
  const [a, e] = [actual, expected].map((tree) => tensorsOf(tree!).flatMap((x) => [...valuesOf(x)]));
  const largest = Math.max(...e!.map(Math.abs));
  return Math.max(...e!.map((x, i) => Math.abs(a![i]! - x))) / (largest === 0 ? 1 : largest);
}

const runs: readonly { name: string; backend: Backend; dtype: DType; tolerance: number }[] = [
  { name: "reference, f64", backend: reference(), dtype: "f64", tolerance: 1e-12 },
  { name: "reference, f32", backend: reference(), dtype: "f32", tolerance: 1e-5 },
  { name: "wasm", backend: wasm(), dtype: "f32", tolerance: 1e-5 },
];
afterAll(() => Promise.all(runs.map(({ backend }) => backend.close())));

describe.each(runs)("against PyTorch, $name", ({ tolerance, ...on }) => {
  test.each(read<NormCase>("global-norm").cases)(
    "clip_grad_norm_: $name",
    async ({ maxNorm, normType, norm, gradients, clipped }) => {
      const result = await clip(globalNorm(maxNorm, { epsilon: 1e-6, norm: kinds[normType]! }), gradients, on);
      expect(error(result.gradients, treeOf(clipped, "f64"))).toBeLessThanOrEqual(tolerance);
      const report = result.report as { norm: Tensor; clipped: Tensor };
      expect(Math.abs(item(report.norm) - norm)).toBeLessThanOrEqual(tolerance * norm);
      expect(item(report.clipped)).toBe(norm > maxNorm ? 1 : 0);
    },
  );

  test.each(read<ValueCase>("value").cases)("clip_grad_value_: $name", async ({ limit, gradients, clipped }) => {
    const result = await clip(value(limit), gradients, on);
    expect(error(result.gradients, treeOf(clipped, "f64"))).toBe(0);
    const all = Object.values(gradients).flatMap((x) => x.data);
    const report = result.report as { clipped: Tensor };
    expect(item(report.clipped)).toBeCloseTo(all.filter((g) => Math.abs(g) > limit).length / all.length, 6);
  });
});
