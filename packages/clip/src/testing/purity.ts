import { leavesOf, type Tree } from "@sluice/tensor";
import type { GradientTransform } from "../gradient-transform.ts";
import { contextOf, copied, paramsOf, same, sameTypes, stepsOf } from "./given.ts";
import type { Check } from "./suite.ts";

/** Checks names and shapes, and that only the state carries information between steps. */
export function purity(make: () => GradientTransform): readonly Check[] {
  return [
    {
      name: "has a name without dots, and reports scalars",
      run() {
        const { name } = make();
        if (name === "" || name.includes(".")) throw new Error(`expected a name without dots, got "${name}"`);
        for (const { report = {}, skip } of stepsOf(make(), 2)) {
          const scalars: Tree = skip === undefined ? { report } : { report, skip };
          for (const { path, tensor } of leavesOf(scalars))
            if (tensor.shape.length > 0)
              throw new Error(`${path} has the shape [${tensor.shape.join(",")}], expected []`);
          if (skip !== undefined && skip.dtype !== "bool") throw new Error(`skip is ${skip.dtype}, expected bool`);
        }
      },
    },
    {
      name: "keeps paths, shapes and dtypes of gradients and state, in f32 and f64",
      run() {
        for (const dtype of ["f32", "f64"] as const) {
          const state = make().init(paramsOf(1, dtype));
          for (const result of stepsOf(make(), 3, { dtype })) {
            sameTypes(`the gradients in ${dtype}`, result.gradients, paramsOf(1, dtype));
            sameTypes(`the state in ${dtype}`, result.state, state);
          }
        }
      },
    },
    {
      name: "gives the same for the same, however often it is called and in what order",
      run() {
        const expected = stepsOf(make(), 4);
        const transform = make();
        stepsOf(transform, 3, { from: 7 });
        stepsOf(transform, 4).forEach((result, step) => {
          same(`step ${step}, called again`, result, expected[step]!);
        });
      },
    },
    {
      name: "changes nothing of what it is given",
      run() {
        const transform = make();
        const [gradients, params] = [paramsOf(2), paramsOf(1)];
        const state = transform.init(params);
        const before = copied({ gradients, params, state });
        transform.update(gradients, state, params, contextOf(0));
        same("what was given", { gradients, params, state }, before);
      },
    },
    {
      name: "goes on from a saved state to the bit",
      run() {
        const whole = stepsOf(make(), 5);
        const state = copied(whole[2]!.state);
        stepsOf(make(), 2, { from: 3, state }).forEach((result, i) =>
          same(`step ${3 + i} from the state after step 2`, result, whole[3 + i]!),
        );
      },
    },
  ];
}
