import { lineFigure, type FigureOptions } from "@sluice/figures";
import { TensorError, type Tree } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { indices, namedLeaves, numbersOf } from "./numbers.ts";

/** Options of {@link gradientFlowFigure}. */
export interface GradientFigureOptions extends FigureOptions {
  /** Norms below it, 0 among them, are drawn at it. Above 0. Default: 1e-12 of the largest norm. */
  readonly floor?: number;
}

/**
 * The norms of `gradientFlow` over time, on a logarithmic axis: a line for each state, named by its path. A norm of 0
 * has no place there. It is drawn at the floor, and the figure says so.
 *
 * Throws a TensorError if there is no state, or if a norm is not `[time]`.
 */
export function gradientFlowFigure(flow: Tree, options: GradientFigureOptions = {}): string {
  const { floor, ...rest } = options;
  const states = namedLeaves(flow, "state").map(
    ([name, norms]) => [name, numbersOf(`gradientFlowFigure: ${name}`, norms, ["time"])] as const,
  );
  if (states.length === 0)
    throw new TensorError("gradientFlowFigure: expected the norms of at least one state; gradientFlow gives them");
  if (floor !== undefined && !(floor > 0 && Number.isFinite(floor)))
    throw new TensorError(`gradientFlowFigure: floor must be above 0, got ${shown(floor)}`);
  const time = Math.max(...states.map(([, norms]) => norms.length));
  return lineFigure(
    {
      x: { label: "step", values: indices(time) },
      y: { label: "‖dL/ds‖", log: true, floor: floor ?? floorOf(states.flatMap(([, norms]) => norms)) },
      lines: Object.fromEntries(
        // Layers may have different numbers of steps.
        states.map(([name, norms]) => [`dL/d${name}`, indices(time).map((step) => norms[step] ?? Number.NaN)]),
      ),
    },
    rest,
  );
}

/** 1e-12 of the largest value. */
function floorOf(values: readonly number[]): number {
  let largest = 0;
  for (const value of values) if (Number.isFinite(value)) largest = Math.max(largest, value);
  return Math.max(largest * 1e-12, Number.MIN_VALUE) || 1e-12;
}
