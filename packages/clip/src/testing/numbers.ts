/** Laws of numbers: zeros, very large and small gradients, NaN, and empty tensors. */
import { item, leavesOf, mapTree, mul, tensor, valuesOf, zerosLike, type Tensor, type Tree } from "@sluice/tensor";
import { expectThat } from "@sluice/tensor/testing";
import type { GradientTransform } from "../gradient-transform.ts";
import { contextOf, paramsOf, type Params } from "./given.ts";

/** Zeros, and gradients from 1e-30 to 1e25, stay finite over steps. */
export function finite(transform: GradientTransform): void {
  for (const scale of [0, 1e-30, 1e25])
    for (const params of [paramsOf(1), mapTree(paramsOf(1), zerosLike)]) {
      let state = transform.init(params);
      for (let step = 0; step < 6; step++) {
        const given = mapTree(paramsOf(100 + step), (x) => mul(x, scale));
        const result = transform.update(given, state, params, contextOf(step));
        expectFinite(`gradients of about ${scale}, step ${step}`, [result.gradients, result.state]);
        state = result.state;
      }
    }
}

/** A NaN stays NaN, or the step is skipped. */
export function keepsNaN(transform: GradientTransform): void {
  const params = paramsOf(1);
  const gradients: Params = { ...paramsOf(2), W: withNaN(paramsOf(2).W) };
  const result = transform.update(gradients, transform.init(params), params, contextOf(0));
  if (result.skip !== undefined && item(result.skip) !== 0) return;
  const first = valuesOf(result.gradients.W)[0];
  expectThat(`a gradient that is NaN became ${first}, and the step is not skipped`, Number.isNaN(first));
}

/** There may be no parameters, and tensors without elements. */
export function empty(transform: GradientTransform): void {
  for (const params of [{}, { W: tensor([], [0, 4]), b: tensor([1, 2]) }]) {
    const { gradients, state } = transform.update(params, transform.init(params), params, contextOf(0));
    expectFinite("no parameters", [gradients, state]);
  }
}

function expectFinite(what: string, tree: Tree): void {
  for (const { path, tensor: x } of leavesOf(tree))
    valuesOf(x).forEach((v, j) =>
      expectThat(`${what}: ${path || "value"} is ${v} at ${j}, where a finite number is expected`, Number.isFinite(v)),
    );
}

function withNaN(x: Tensor): Tensor {
  const values = valuesOf(x).slice();
  values[0] = NaN;
  return tensor(values, x.shape, { dtype: x.dtype });
}
