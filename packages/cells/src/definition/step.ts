/** One step of a defined cell. */
import { checkParameters, weightSpecs } from "@sluice/params";
import { add, isTensor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { at, checkTree, describe, sameShape } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import type { Stepped } from "../cell/cell.ts";
import { checkStepped } from "../cell/check-stepped.ts";
import type { CellContext } from "../cell/context.ts";
import { actualDType } from "../cell/inputs.ts";
import { floatOf, statesOf, type State } from "../cell/states.ts";
import { childrenOf, nothingNoted, observedOf } from "./cell-buffers.ts";
import { contextOf, type NormalizerParts } from "./context-of.ts";
import { innerSteps } from "./inner-cells.ts";
import type { Made } from "./made.ts";

/** Compares the arguments of a step with what the cell declares. */
export function checkStep({ name, input, params, state: states }: Made, weights: Tree, state: State, x: Tensor): void {
  const float = floatOf(x, weights);
  const expected = [...input.shape];
  if (x.shape.length !== expected.length + 1 || !sameShape(x.shape.slice(1), expected))
    throw new TensorError(`${name}: a step expects x [${["batch", ...expected].join(", ")}], got ${describe(x)}`);
  if (input.dtype !== "f32" && x.dtype !== input.dtype)
    throw new TensorError(`${name}: a step expects x of dtype ${input.dtype}, got ${x.dtype} ${describe(x)}`);
  checkParameters(name, weightSpecs(params), weights, x);
  checkTree(
    name,
    "states",
    statesOf(states).map(({ path, shape, dtype }) => ({
      path,
      shape: [axisSize(x, 0), ...shape],
      dtype: actualDType(dtype, float),
    })),
    state,
  );
}

/** The definition's step in its context; errors name the cell. */
export function runStep(
  made: Made,
  params: Tree,
  state: State,
  x: Tensor,
  context: CellContext,
  partsAt: NormalizerParts,
): Stepped {
  const { definition, name, cells } = made;
  const isCounted = Object.hasOwn(made.state, "stepIndex");
  const { stepIndex, ...states } = isCounted ? state : { ...state, stepIndex: undefined };
  const counted = isTensor(stepIndex) ? { stepIndex } : {};
  const noted = nothingNoted();
  const { norm: _, ...weights } = childrenOf(params);
  const next = at(name, () =>
    definition.step(weights, states, x, {
      ...contextOf(made, context, { partsAt, noted, stepIndex: counted.stepIndex }),
      cells: innerSteps(cells, params, state, context, noted.cells),
      ...(definition.stepIndex === true ? counted : {}),
    }),
  );
  checkStepped(name, next);
  noted.own = next.observed;
  const observed = observedOf(noted);
  const { observed: _own, ...rest } = next;
  return {
    ...rest,
    ...(counted.stepIndex && { state: { ...next.state, stepIndex: add(counted.stepIndex, 1) } }),
    ...(observed && { observed }),
  };
}
