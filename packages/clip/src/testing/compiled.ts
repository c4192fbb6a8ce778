import { compileStep, scalar, tensorsOf, type Backend, type Tensor, type Tree } from "@sluice/tensor";
import { expectSame } from "@sluice/tensor/testing";
import type { GradientTransform } from "../gradient-transform.ts";
import { contextOf, paramsOf, stepsOf, type Params } from "./given.ts";

type Context = { readonly key: Tensor; readonly step: Tensor; readonly loss: Tensor };
type State = { readonly own: Tree };

/** Compiled on a backend, a transform gives the same bits as eagerly. */
export async function onBackend(transform: GradientTransform, backend: Backend): Promise<void> {
  const params = paramsOf(1);
  const session = await compileStep(
    ({ own }: State, gradients: Params, weights: Params, context: Context) => {
      const {
        gradients: after,
        state,
        report = {},
        skip = scalar(0, "bool"),
      } = transform.update(gradients, own, weights, context);
      return { state: { own: state }, output: { gradients: after, report, skip } };
    },
    { own: transform.init(params) },
    [params, params, { ...contextOf(0) }],
    { backend },
  );
  try {
    const expected = stepsOf(transform, 4);
    for (const [step, { gradients, state, report = {}, skip = scalar(0, "bool") }] of expected.entries()) {
      const output = await session.run(paramsOf(100 + step), params, { ...contextOf(step) });
      expectSame(`step ${step} on ${backend.name}`, output, { gradients, report, skip });
      if (tensorsOf(state).length > 0) expectSame(`the state after step ${step}`, (await session.state()).own, state);
    }
  } finally {
    await session.dispose();
  }
}
