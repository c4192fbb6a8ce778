import { readFileSync } from "node:fs";
import {
  compileStep,
  key,
  scalar,
  sub,
  tensor,
  valuesOf,
  zipTrees,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import type { GradientTransform } from "@sluice/clip";
import { adam, adamw, rmsprop, sgd } from "../index.ts";

interface Golden {
  readonly shape: number[];
  readonly data: number[];
}
type Goldens = { readonly kernel: Golden; readonly bias: Golden };
interface Options {
  readonly lr: number;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  readonly weight_decay?: number;
  readonly alpha?: number;
  readonly eps?: number;
  readonly centered?: boolean;
  readonly betas?: [number, number];
  readonly amsgrad?: boolean;
}
interface Case {
  readonly name: string;
  readonly optimizer: "sgd" | "rmsprop" | "adam" | "adamw";
  readonly options: Options;
  readonly parametersAfter: Goldens[];
}

const golden: { parameters: Goldens; gradients: Goldens[]; cases: Case[] } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/train/optimizers.json", import.meta.url), "utf8"),
);

function ours(
  name: Case["optimizer"],
  { lr, eps, weight_decay, alpha, centered, betas, ...same }: Options,
): GradientTransform {
  const { momentum, dampening, nesterov, amsgrad } = same;
  const defined = <T extends object>(options: T): T =>
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
  const common = { learningRate: lr, ...(weight_decay === undefined ? {} : { weightDecay: weight_decay }) };
  if (name === "sgd")
    return sgd({ ...common, ...defined({ momentum, dampening, nesterov }) } as Parameters<typeof sgd>[0]);
  if (name === "rmsprop")
    return rmsprop({ ...common, ...defined({ rho: alpha, epsilon: eps, centred: centered, momentum }) } as Parameters<
      typeof rmsprop
    >[0]);
  const options = {
    ...common,
    ...defined({ beta1: betas?.[0], beta2: betas?.[1], epsilon: eps, amsgrad }),
  } as Parameters<typeof adam>[0];
  return name === "adam" ? adam(options) : adamw(options);
}

type Params = { readonly kernel: Tensor; readonly bias: Tensor };

const treeOf = ({ kernel, bias }: Goldens, dtype: DType): Params => ({
  kernel: tensor(kernel.data, kernel.shape, { dtype }),
  bias: tensor(bias.data, bias.shape, { dtype }),
});

describe.each([
  ["f64", 1e-12],
  ["f32", 1e-5],
] as const)("against PyTorch, %s", (dtype, tolerance) => {
  test.each(golden.cases)("$name", async ({ optimizer: name, options, parametersAfter }) => {
    const optimizer = ours(name, options);
    const params = treeOf(golden.parameters, dtype);
    const session = await compileStep(
      (state: { params: Params; optimizer: Tree }, gradients: Params) => {
        const result = optimizer.update(gradients, state.optimizer, state.params, {
          key: key(0),
          step: scalar(0, "i32"),
          loss: scalar(0, dtype),
        });
        return {
          state: { params: zipTrees(state.params, result.gradients, sub), optimizer: result.state },
          output: [],
        };
      },
      { params, optimizer: optimizer.init(params) },
      [treeOf(golden.gradients[0]!, dtype)],
    );
    for (const [i, gradients] of golden.gradients.entries()) {
      await session.run(treeOf(gradients, dtype));
      const after = (await session.state()).params;
      for (const part of ["kernel", "bias"] as const) {
        const expected = parametersAfter[i]![part].data;
        const actual = valuesOf(after[part]);
        const error =
          Math.max(...expected.map((x, j) => Math.abs(actual[j]! - x))) / Math.max(...expected.map(Math.abs));
        expect(error, `${part} after step ${i + 1}`).toBeLessThanOrEqual(tolerance);
      }
    }
  });
});
