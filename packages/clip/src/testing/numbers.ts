import { item, mapTree, mul, tensor, valuesOf, zerosLike, type Tensor } from "@sluice/tensor";
import type { GradientTransform } from "../gradient-transform.ts";
import { contextOf, finite, paramsOf, type Params } from "./given.ts";
import type { Check } from "./suite.ts";

/** Checks zeros, very large and small gradients, NaN, and empty tensors. */
export function numbers(make: () => GradientTransform): readonly Check[] {
  return [
    {
      name: "keeps zeros, and gradients from 1e-30 to 1e25, finite over steps",
      run() {
        for (const scale of [0, 1e-30, 1e25])
          for (const params of [paramsOf(1), mapTree(paramsOf(1), zerosLike)]) {
            const transform = make();
            let state = transform.init(params);
            for (let step = 0; step < 6; step++) {
              const given = mapTree(paramsOf(100 + step), (x) => mul(x, scale));
              const result = transform.update(given, state, params, contextOf(step));
              finite(`gradients of about ${scale}, step ${step}`, [result.gradients, result.state]);
              state = result.state;
            }
          }
      },
    },
    {
      name: "lets no NaN pass as a number: it stays NaN, or the step is skipped",
      run() {
        const transform = make();
        const params = paramsOf(1);
        const gradients: Params = { ...paramsOf(2), W: withNaN(paramsOf(2).W) };
        const result = transform.update(gradients, transform.init(params), params, contextOf(0));
        if (result.skip !== undefined && item(result.skip) !== 0) return;
        const first = valuesOf(result.gradients.W)[0];
        if (!Number.isNaN(first))
          throw new Error(`a gradient that is NaN became ${first}, and the step is not skipped`);
      },
    },
    {
      name: "works where there are no parameters, and where a tensor has no elements",
      run() {
        for (const params of [{}, { W: tensor([], [0, 4]), b: tensor([1, 2]) }]) {
          const transform = make();
          const { gradients, state } = transform.update(params, transform.init(params), params, contextOf(0));
          finite("no parameters", [gradients, state]);
        }
      },
    },
  ];
}

function withNaN(x: Tensor): Tensor {
  const values = valuesOf(x).slice();
  values[0] = NaN;
  return tensor(values, x.shape, { dtype: x.dtype });
}
