/** Laws of names and shapes, and that only the state carries information between steps. */
import { leavesOf, type Tree } from "@sluice/tensor";
import { expectSame, expectThat } from "@sluice/tensor/testing";
import type { GradientTransform } from "../gradient-transform.ts";
import { contextOf, copied, expectTypes, paramsOf, stepsOf } from "./given.ts";

/** The name has no dots, and reports are scalars. */
export function named(transform: GradientTransform): void {
  const { name } = transform;
  expectThat(`expected a name without dots, got "${name}"`, name !== "" && !name.includes("."));
  for (const { report = {}, skip } of stepsOf(transform, 2)) {
    const scalars: Tree = skip === undefined ? { report } : { report, skip };
    for (const { path, tensor } of leavesOf(scalars))
      expectThat(`${path} has the shape [${tensor.shape.join(",")}], expected []`, tensor.shape.length === 0);
    expectThat(`skip is ${skip?.dtype}, expected bool`, skip === undefined || skip.dtype === "bool");
  }
}

/** Gradients and state keep paths, shapes and dtypes, in f32 and f64. */
export function keepsTypes(transform: GradientTransform): void {
  for (const dtype of ["f32", "f64"] as const) {
    const state = transform.init(paramsOf(1, dtype));
    for (const result of stepsOf(transform, 3, { dtype })) {
      expectTypes(`the gradients in ${dtype}`, result.gradients, paramsOf(1, dtype));
      expectTypes(`the state in ${dtype}`, result.state, state);
    }
  }
}

/** The same gives the same, however often it is called and in what order. */
export function pure(transform: GradientTransform): void {
  const expected = stepsOf(transform, 4);
  stepsOf(transform, 3, { from: 7 });
  stepsOf(transform, 4).forEach((result, step) => {
    expectSame(`step ${step}, called again`, result, expected[step]!);
  });
}

/** Nothing that is given changes. */
export function changesNothing(transform: GradientTransform): void {
  const [gradients, params] = [paramsOf(2), paramsOf(1)];
  const state = transform.init(params);
  const before = copied({ gradients, params, state });
  transform.update(gradients, state, params, contextOf(0));
  expectSame("what was given", { gradients, params, state }, before);
}

/** From a saved state it goes on to the bit. */
export function resumes(transform: GradientTransform): void {
  const whole = stepsOf(transform, 5);
  const state = copied(whole[2]!.state);
  stepsOf(transform, 2, { from: 3, state }).forEach((result, i) =>
    expectSame(`step ${3 + i} from the state after step 2`, result, whole[3 + i]!),
  );
}
