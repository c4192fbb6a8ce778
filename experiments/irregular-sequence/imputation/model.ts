import { brits, britsLoss, mRnn, mRnnLoss, type RaggedBatch } from "@sluice/irregular";
import { add, div, mul, sub, tensor, type ArrayTensor, type Tensor } from "@sluice/tensor";
import type { CountedExamples } from "@sluice/irregular";
import { variables } from "./weather.ts";

const width = variables.length;

/** BRITS, of standardized values. */
export function britsModel(hidden: number) {
  const model = brits({ variables: width, hidden });
  return {
    model,
    lossOf: (output: ReturnType<typeof model.apply>["output"], batch: CountedExamples): Tensor =>
      britsLoss(output, batch),
  };
}

/**
 * M-RNN, which estimates values from 0 to 1: it reads standardized values in the range of what is left of the training
 * days, and its estimates are scaled back.
 */
export function mRnnModel(hidden: number, train: RaggedBatch) {
  const { low, spread } = rangeOf(train);
  const scaled = <E extends { readonly x: Tensor }>(examples: E): E => ({
    ...examples,
    x: div(sub(examples.x, low), spread),
  });
  const inner = mRnn({ variables: width, hidden });
  type Output = ReturnType<typeof inner.apply>["output"];
  const model = {
    init: inner.init,
    params: inner.params,
    apply(params: Parameters<typeof inner.apply>[0], examples: CountedExamples) {
      const { output } = inner.apply(params, scaled(examples));
      return { output: { ...output, imputed: add(mul(output.imputed, spread), low) } };
    },
  };
  return { model, lossOf: (output: Output, batch: CountedExamples): Tensor => mRnnLoss(output, scaled(batch)) };
}

/** The least value of each variable, and how far the largest is from it, `[variables]`. */
export function rangeOf({ values, mask }: RaggedBatch): { readonly low: ArrayTensor; readonly spread: ArrayTensor } {
  const of = (choose: (a: number, b: number) => number): number[] =>
    variables.map((_, variable) =>
      Array.from(values.data)
        .filter((__, at) => at % width === variable && mask?.data[at] === 1)
        .reduce(choose),
    );
  const [low, high] = [of((a, b) => Math.min(a, b)), of((a, b) => Math.max(a, b))];
  return { low: tensor(low), spread: tensor(high.map((value, variable) => value - (low[variable] ?? 0))) };
}
