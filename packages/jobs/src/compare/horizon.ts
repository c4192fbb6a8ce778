import type { Layer } from "@sluice/cells";
import {
  mul,
  sliceAxis,
  square,
  sum,
  TensorError,
  valuesOf,
  zerosLike,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { rowsOf } from "@sluice/train";
import { firstRows, gradientFlowOf, horizonMetric, type ModelWeights } from "@sluice/trials";
import { tensorsOf, type Targeted } from "../examples.ts";

/** The metric that `horizon` adds. */
export const horizonOfModel = { ...horizonMetric, label: "Horizon of the last output", curve: false } as const;

/** On how many examples the gradient is measured. */
const looked = 64;

/**
 * How many steps before the last one the gradient of the last output with respect to all states still has 1 % of its
 * largest norm. It is that of `|y_T|^2 / 2`, which has the same meaning for every kind of task: a loss at each step would
 * reach every state directly. Measured on examples whose last step is that of the arrays; `null` if there are none.
 */
export async function horizonOf(
  place: string,
  layer: Layer,
  weights: ModelWeights<Tree>,
  { examples, backend }: { readonly examples: Targeted; readonly backend: Backend },
): Promise<number | null> {
  const { x, lengths } = tensorsOf(examples);
  const read = Object.keys(layer.extra);
  if (read.length > 0)
    throw new TensorError(
      `${place}: horizon: the cell reads ${read.join(", ")} besides x, and the gradient is measured of x alone; leave horizon out`,
    );
  const time = x?.shape[1] ?? 0;
  if (x === undefined || time === 0) return null;
  const whole = lengths === undefined ? { x } : rowsOf({ x }, fullRows(lengths, time));
  const few = firstRows(whole, looked).x;
  if (few.shape[0] === 0) return null;
  const { measure } = gradientFlowOf(ignoringSeries, { model: layer, x: few, y: zerosLike(few), loss: halfSquaredEnd });
  const { horizon } = await measure(weights, backend);
  return horizon ?? null;
}

/** `[batch, outputs]`, or of `[batch, time, outputs]` the last step. */
function halfSquaredEnd(output: Tensor): Tensor {
  const [, time = 0] = output.shape;
  return mul(0.5, sum(square(output.shape.length === 3 ? sliceAxis(output, 1, time - 1, time) : output)));
}

const fullRows = (lengths: Tensor, time: number): Int32Array =>
  Int32Array.from([...valuesOf(lengths)].flatMap((length, row) => (length === time ? [row] : [])));

const ignoringSeries = { series: () => undefined };
