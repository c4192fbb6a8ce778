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
import { adadelta, adafactor, adagrad, adam, adamax, adamw, nadam, radam, rmsprop, sgd } from "../index.ts";

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
  readonly eps?: number | readonly [null, number];
  readonly centered?: boolean;
  readonly betas?: [number, number];
  readonly amsgrad?: boolean;
  readonly initial_accumulator_value?: number;
  readonly rho?: number;
  readonly momentum_decay?: number;
  readonly decoupled_weight_decay?: boolean;
  readonly beta2_decay?: number;
  readonly d?: number;
}
interface Case {
  readonly name: string;
  readonly optimizer: keyof typeof furtherOptimizers | "sgd" | "rmsprop" | "adam" | "adamw";
  readonly options: Options;
  readonly parametersAfter: Goldens[];
}

interface File {
  readonly parameters: Goldens;
  readonly gradients: Goldens[];
  readonly cases: Case[];
}

/** Every case with the parameters and gradients of its file. */
const cases = ["optimizers.json", "optimizers-further.json"].flatMap((name) => {
  const file: File = JSON.parse(readFileSync(new URL(`../../../../fixtures/train/${name}`, import.meta.url), "utf8"));
  return file.cases.map((c) => ({ ...c, parameters: file.parameters, gradients: file.gradients }));
});

/** The optimizers of optimizers-further.json, by options that are renamed and defined. */
const furtherOptimizers = { adagrad, adadelta, adamax, nadam, radam, adafactor };

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
  if (name in furtherOptimizers) {
    const [epsilon, smallest] = typeof eps === "object" ? [undefined, eps[1]] : [eps, undefined];
    const renamed = {
      epsilon,
      smallest,
      beta1: betas?.[0],
      beta2: betas?.[1],
      rho: same.rho,
      initialSum: same.initial_accumulator_value,
      momentumDecay: same.momentum_decay,
      decoupled: same.decoupled_weight_decay,
      decayPower: same.beta2_decay === undefined ? undefined : -same.beta2_decay,
      clip: same.d,
    };
    return furtherOptimizers[name as keyof typeof furtherOptimizers]({ ...common, ...defined(renamed) } as never);
  }
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
  test.each(cases)("$name", async ({ optimizer: name, options, parametersAfter, ...golden }) => {
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
