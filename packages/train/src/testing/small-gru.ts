import {
  add,
  key,
  keyFor,
  matmul,
  mul,
  normal,
  scan,
  sigmoid,
  slice,
  sub,
  sum,
  tanh,
  tensor,
  transpose,
  uniform,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type DType,
  type Shape,
  type Tensor,
} from "@sluice/tensor";
import { weightsHash } from "@sluice/formats";
import { zerosArray } from "@sluice/tensor/internal";
import { chain, globalNorm } from "@sluice/clip";
import { cosine } from "../schedules/cosine.ts";
import { warmup } from "../schedules/warmup.ts";
import { adam } from "../optimizers/adam.ts";
import { accuracy } from "../losses/accuracy.ts";
import { crossEntropy } from "../losses/cross-entropy.ts";
import { batches, type Weighted } from "../loop/batches.ts";
import { trainer } from "../step/trainer.ts";
import type { TrainStepOptions } from "../step/train-step.ts";

/*
 * A small but complete training program with which every backend can be compared. Sequences have 6 steps of 4 features;
 * the class is that of the largest of the first 3 features summed over time. It has a GRU of 8 units written in plain
 * tensor operations, Adam with a schedule, clipping at a norm that matters, and epochs of 40 examples in batches of 16,
 * the last one padded.
 */

const sizes = { input: 4, hidden: 8, classes: 3, time: 6, examples: 40, batch: 16 };

/** The parameters of the program. */
export type SmallGruParams = {
  readonly gru: { readonly W: Tensor; readonly U: Tensor; readonly b: Tensor };
  readonly readout: { readonly W: Tensor; readonly b: Tensor };
};

/** The data of the program, one example per row. */
export type SmallGruData = { readonly x: Tensor; readonly y: Tensor };

/** What the program's loss returns. */
export type SmallGruResult = {
  readonly loss: Tensor;
  readonly metrics: { readonly accuracy: Tensor };
  readonly weight: Tensor;
};

/** Everything that {@link trainer} needs except a backend, and the batches. */
export function smallGru(seed = 1, dtype: DType = "f32") {
  const root = key(seed);
  const data = dataOf(keyFor(root, "data"), dtype);
  const training = batches(data, { size: sizes.batch, key: root });
  return {
    ...objective(),
    params: paramsOf(keyFor(root, "params"), dtype),
    key: keyFor(root, "train"),
    batch: training.at(0).batch,
    batches: training,
  };
}

/**
 * {@link weightsHash} of `params` after 50 steps from seed 1 in f32 on the reference backend, which runs the program as
 * it was recorded.
 */
export const smallGruHash = "4f111c4782d3799604949df2ee728ebccd2dc40e422c024f6d7e30c6d715317d";

/** The result of {@link trainSmallGru}. */
export interface SmallGruRun {
  readonly hash: string;
  readonly losses: readonly number[];
}

/**
 * Trains it for 50 steps. A backend that runs programs as they were recorded, to the bit, gives {@link smallGruHash}. A
 * backend that optimizes them gives the result of the reference backend for the optimized program, because a sum over
 * time and batch in one product rounds differently from a sum step by step.
 */
export async function trainSmallGru(
  backend: Backend,
  { dtype = "f32" }: { readonly dtype?: DType } = {},
): Promise<SmallGruRun> {
  const { batches: training, ...program } = smallGru(1, dtype);
  const trained = await trainer({ ...program, backend });
  const losses: number[] = [];
  for (const { batch } of training.from(0, 50)) losses.push((await trained.run(batch)).loss);
  const hash = await weightsHash(await trained.params());
  await trained.dispose();
  return { hash, losses };
}

function objective(): TrainStepOptions<SmallGruParams, Weighted<SmallGruData>, SmallGruResult> {
  return {
    loss(params, { x, y, weight }) {
      const logits = logitsOf(params, x);
      return {
        loss: crossEntropy(logits, y, { mask: weight }),
        metrics: { accuracy: accuracy(logits, y, { mask: weight }) },
        weight: sum(weight),
      };
    },
    optimizer: chain(
      globalNorm(0.3),
      adam({ learningRate: warmup(5, cosine({ start: 0.02, end: 0.002, steps: 45 })) }),
    ),
  };
}

/** `r, z = sigmoid(x W + h U + b);  n = tanh(x W_n + r (h U_n) + b_n);  h <- (1 - z) n + z h` */
function logitsOf({ gru, readout }: SmallGruParams, x: Tensor): Tensor {
  const { hidden } = sizes;
  const batch = x.shape[0]!;
  const gate = (a: Tensor, i: number): Tensor => slice(a, [0, i * hidden], [batch, (i + 1) * hidden]);
  const h: Tensor = zerosArray([batch, hidden], x.dtype);
  const { state } = scan(
    ({ h }: { readonly h: Tensor }, { xt }) => {
      const fromInput = add(matmul(xt, gru.W), gru.b);
      const fromState = matmul(h, gru.U);
      const r = sigmoid(add(gate(fromInput, 0), gate(fromState, 0)));
      const z = sigmoid(add(gate(fromInput, 1), gate(fromState, 1)));
      const n = tanh(add(gate(fromInput, 2), mul(r, gate(fromState, 2))));
      const next = add(mul(sub(1, z), n), mul(z, h));
      return { state: { h: next }, output: [] };
    },
    { h },
    { xt: transpose(x, [1, 0, 2]) },
  );
  return add(matmul(state.h, readout.W), readout.b);
}

function paramsOf(root: ArrayTensor, dtype: DType): SmallGruParams {
  const { input, hidden, classes } = sizes;
  const draw = (name: string, shape: Shape): Tensor =>
    uniform(keyFor(root, name), shape, { low: -0.35, high: 0.35, dtype });
  return {
    gru: { W: draw("W", [input, 3 * hidden]), U: draw("U", [hidden, 3 * hidden]), b: zerosArray([3 * hidden], dtype) },
    readout: { W: draw("readout", [hidden, classes]), b: zerosArray([classes], dtype) },
  };
}

function dataOf(root: ArrayTensor, dtype: DType): SmallGruData {
  const { input, classes, time, examples } = sizes;
  const x = normal(root, [examples, time, input], { dtype });
  const values = valuesOf(x);
  const y = Int32Array.from({ length: examples }, (_, row) => {
    const sums = Array.from({ length: classes }, (_, c) => {
      let sum = 0;
      for (let t = 0; t < time; t++) sum += values[(row * time + t) * input + c]!;
      return sum;
    });
    return sums.indexOf(Math.max(...sums));
  });
  return { x, y: tensor(y) };
}
