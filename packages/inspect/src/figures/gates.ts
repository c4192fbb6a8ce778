import { figureGrid, lineFigure, scatterFigure, type FigureOptions } from "@sluice/figures";
import { TensorError } from "@sluice/tensor";
import type { GateOverTime, Saturation } from "../index.ts";
import { indices, numbersOf } from "./numbers.ts";

/** Options of {@link gateFigure}. Width and height are those of a single panel. */
export interface GateFigureOptions extends FigureOptions {
  /** How many gates stand side by side. Default 2. */
  readonly columns?: number;
}

/**
 * The gates of `gatesOverTime`, a panel for each: the mean over rows and units with a band of one standard deviation to
 * both sides, and the fractions of gates that are closed and open. Panels of values from 0 to 1 have the same axis, and
 * so have those of values from -1 to 1.
 */
export function gateFigure(gates: Readonly<Record<string, GateOverTime>>, options: GateFigureOptions = {}): string {
  const { title, description, columns = 2, width = 420, height = 240, ...rest } = options;
  const panels = Object.entries(gates).map(([name, gate]) => {
    const part = (of: keyof GateOverTime): number[] => numbersOf(`gateFigure: ${of} of ${name}`, gate[of], ["time"]);
    const [mean, deviation, low, high] = [part("mean"), part("deviation"), part("low"), part("high")];
    return lineFigure(
      {
        x: { label: "step", values: indices(mean.length) },
        y: { label: "activation, fraction" },
        lines: { mean: { values: mean, deviation }, closed: low, open: high },
      },
      { ...rest, width, height, title: name, ...extentOf(mean) },
    );
  });
  if (panels.length === 0)
    throw new TensorError("gateFigure: expected at least one gate; gatesOverTime gives them by name");
  return figureGrid(panels, {
    columns,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
  });
}

/** 0 to 1 for sigmoids, -1 to 1 for tanh; otherwise what the values need. */
function extentOf(values: readonly number[]): { readonly extent?: readonly [number, number] } {
  const seen = values.filter(Number.isFinite);
  if (seen.every((value) => value >= 0 && value <= 1)) return { extent: [0, 1] };
  return seen.every((value) => value >= -1 && value <= 1) ? { extent: [-1, 1] } : {};
}

/**
 * The `saturation` of each gate's units, as in Karpathy et al. 2015 (arXiv:1506.02078, figure 2): each unit is a point,
 * with the fraction of steps at which it was closed (left-saturated) and at which it was open (right-saturated). Units
 * near the upper left corner are almost always open, units near the origin are never saturated. The two fractions sum
 * to at most 1, the dashed line.
 */
export function saturationFigure(units: Readonly<Record<string, Saturation>>, options: FigureOptions = {}): string {
  const points = Object.entries(units).map(([name, { low, high }]) => {
    const [x, y] = [low, high].map((part) => numbersOf(`saturationFigure: ${name}`, part, ["units"]));
    return [name, { x: x ?? [], y: y ?? [], names: indices(low.shape[0] ?? 0).map((unit) => `unit ${unit}`) }] as const;
  });
  return scatterFigure(
    {
      x: { label: "fraction of steps closed" },
      y: { label: "fraction of steps open" },
      points: Object.fromEntries(points),
      guides: [{ from: [0, 1], to: [1, 0] }],
    },
    { width: 480, height: 480, ...options, xExtent: [0, 1], yExtent: [0, 1] },
  );
}
