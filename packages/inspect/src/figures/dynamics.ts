import { figureGrid, lineFigure, scatterFigure, type FigureOptions, type Points } from "@sluice/figures";
import { TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { showShape, shown } from "@sluice/tensor/internal";
import { indices, matrixOf, numbersOf, rowOf } from "./numbers.ts";

/** Options of figures that show one row of a batch. */
export interface RowFigureOptions extends FigureOptions {
  /** Which row of the batch. Default 0. */
  readonly row?: number;
}

/** Options of {@link singularValueFigure}. */
export interface SingularValueFigureOptions extends RowFigureOptions {
  /** Smaller values are drawn at it. Above 0. Default: 1e-12 of the largest value. */
  readonly floor?: number;
}

/**
 * The singular values of the state Jacobian at every step, on a logarithmic axis: `[batch, time, n]`, largest first, of
 * one row. All of them for up to eight units; otherwise the largest, the smallest, the median and the quartiles. Above
 * 1, the dashed line, a step stretches small differences of the state; below, it shrinks them.
 */
export function singularValueFigure(values: Tensor, options: SingularValueFigureOptions = {}): string {
  const { row = 0, floor, ...rest } = options;
  const steps = rowOf("singularValueFigure", values, { row, expected: ["batch", "time", "n"] });
  const n = values.shape[2] ?? 0;
  const at = (part: number): number => Math.round(part * Math.max(0, n - 1));
  const shownRanks: readonly (readonly [string, number])[] =
    n <= 8
      ? indices(n).map((rank) => [`${rank + 1}`, rank])
      : [
          ["largest", 0],
          ["upper quartile", at(0.25)],
          ["median", at(0.5)],
          ["lower quartile", at(0.75)],
          ["smallest", n - 1],
        ];
  const largest = Math.max(0, ...steps.map(([first = 0]) => (Number.isFinite(first) ? first : 0)));
  return lineFigure(
    {
      x: { label: "step", values: indices(steps.length) },
      y: { label: "singular value of the Jacobian", log: true, floor: floor ?? (largest * 1e-12 || 1e-12) },
      lines: Object.fromEntries(
        shownRanks.map(([name, rank]) => [n <= 8 ? `σ${name}` : name, steps.map((step) => step[rank] ?? Number.NaN)]),
      ),
      levels: { "1": 1 },
    },
    rest,
  );
}

/** A Lyapunov spectrum. */
export interface LyapunovData {
  /** `[batch, exponents]`, largest first, in nats per step. */
  readonly exponents: Tensor;
  /** The estimates as the run goes on, `[batch, time, exponents]`. */
  readonly running?: Tensor;
}

/**
 * A Lyapunov spectrum: the exponents by rank, as the mean over rows with the smallest and the largest; and, with
 * `running`, the first eight estimates of one row as the run goes on, which should settle. Above 0 small differences
 * grow: chaos. Exponents of -Infinity are missing. Width and height are those of one panel.
 */
export function lyapunovFigure(spectrum: LyapunovData, options: RowFigureOptions = {}): string {
  const operation = "lyapunovFigure";
  const { row = 0, title, description, width = 460, height = 300, ...rest } = options;
  const rows = matrixOf(operation, spectrum.exponents, ["batch", "exponents"]);
  const ranks = indices(spectrum.exponents.shape[1] ?? 0);
  const own = { ...rest, width, height };
  const y = { label: "Lyapunov exponent", unit: "nats per step" };
  const ofRank = (rank: number): number[] => rows.map((values) => values[rank] ?? Number.NaN).filter(Number.isFinite);
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const panels = [
    lineFigure(
      {
        x: { label: "rank", values: ranks.map((rank) => rank + 1) },
        y,
        lines: {
          [rows.length === 1 ? "exponent" : `mean of ${rows.length} rows`]: {
            values: ranks.map((rank) => mean(ofRank(rank))),
            low: ranks.map((rank) => Math.min(...ofRank(rank))),
            high: ranks.map((rank) => Math.max(...ofRank(rank))),
          },
        },
        levels: { "0": 0 },
      },
      { ...own, title: "Spectrum" },
    ),
  ];
  if (spectrum.running !== undefined) {
    const steps = rowOf(operation, spectrum.running, { row, expected: ["batch", "time", "exponents"] });
    const drawn = ranks.slice(0, 8);
    panels.push(
      lineFigure(
        {
          x: { label: "step", values: indices(steps.length) },
          y,
          lines: Object.fromEntries(
            drawn.map((rank) => [`λ${rank + 1}`, steps.map((step) => step[rank] ?? Number.NaN)]),
          ),
          levels: { "0": 0 },
        },
        { ...own, title: rows.length === 1 ? "Estimates so far" : `Estimates so far, row ${row}` },
      ),
    );
  }
  return figureGrid(panels, {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
  });
}

/** Eigenvalues of a matrix, each part `[n]`; or of several, `[..., n]`. */
export interface EigenvalueData {
  readonly real: Tensor;
  readonly imaginary: Tensor;
}

/**
 * Eigenvalues in the complex plane with the unit circle, by kind: of a Jacobian at several points, or of recurrent
 * weights before and after training. A step grows what lies along an eigenvector with its eigenvalue outside the circle.
 */
export function eigenvalueFigure(kinds: Readonly<Record<string, EigenvalueData>>, options: FigureOptions = {}): string {
  const points = Object.entries(kinds).map(([name, { real, imaginary }]): [string, Points] => [
    name,
    { x: valuesOf(real), y: valuesOf(imaginary) },
  ]);
  return scatterFigure(
    {
      x: { label: "real part" },
      y: { label: "imaginary part" },
      points: Object.fromEntries(points),
      guides: [{ circle: 1 }],
    },
    { width: 480, height: 480, ...options, equal: true },
  );
}

/** A fixed or slow point, such as those of `fixedPoints`. */
export interface DrawnFixedPoint {
  /** The state, `[n]`. */
  readonly state: Tensor;
  /** The number of unstable directions. */
  readonly index: number;
  readonly residual: number;
}

/** Fixed points, and the plane in which they are drawn. */
export interface FixedPointData {
  readonly fixed: readonly DrawnFixedPoint[];
  readonly slow?: readonly DrawnFixedPoint[];
  /** Principal components: mean `[n]`, directions `[components, n]` with at least two, and their parts of the variance. */
  readonly components: { readonly mean: Tensor; readonly directions: Tensor; readonly explained?: Tensor };
  /** States of runs, `[batch, time, n]`. NaN where a row has no step. */
  readonly trajectories?: Tensor;
}

/** Options of {@link fixedPointFigure}. */
export interface FixedPointFigureOptions extends FigureOptions {
  /** How many trajectories are drawn: the first ones. Default 20. */
  readonly rows?: number;
}

/**
 * Fixed points in the plane of the first two principal components, with the trajectories of runs. Stable points are
 * filled; saddles are open, with a marker for each index (the number of unstable directions); slow points are apart.
 * The axes say how much of the variance they show.
 */
export function fixedPointFigure(found: FixedPointData, options: FixedPointFigureOptions = {}): string {
  const operation = "fixedPointFigure";
  const { rows: most = 20, ...rest } = options;
  if (!Number.isInteger(most) || most < 0)
    throw new TensorError(`${operation}: rows must be a whole number from 0, got ${shown(most)}`);
  const { fixed, slow = [], components, trajectories } = found;
  const project = projection(operation, components);
  const kinds = new Map<string, DrawnFixedPoint[]>();
  const add = (kind: string, point: DrawnFixedPoint): void => void kinds.set(kind, [...(kinds.get(kind) ?? []), point]);
  // At most five kinds of saddles, so that all kinds can be told apart.
  for (const point of [...fixed].sort((a, b) => a.index - b.index))
    add(point.index === 0 ? "stable" : point.index < 5 ? `index ${point.index}` : "index 5 or more", point);
  for (const point of slow) add("slow", point);
  const points = [...kinds].map(([kind, list]): [string, Points] => {
    const places = list.map(({ state }) => project(numbersOf(operation, state, ["n"])));
    const names = list.map(({ residual, index }) => `index ${index}, residual ${residual.toExponential(1)}`);
    return [
      kind,
      { x: places.map(([x]) => x), y: places.map(([, y]) => y), names, filled: kind === "stable" || kind === "slow" },
    ];
  });
  const runs =
    trajectories === undefined
      ? []
      : indices(Math.min(most, trajectories.shape[0] ?? 0)).map((row) => {
          const places = rowOf(operation, trajectories, { row, expected: ["batch", "time", "n"] }).map(project);
          return { x: places.map(([x]) => x), y: places.map(([, y]) => y) };
        });
  const parts = components.explained === undefined ? [] : valuesOf(components.explained);
  const axis = (k: number): { label: string } => {
    const part = parts[k];
    return {
      label: `principal component ${k + 1}${part === undefined ? "" : ` (${Math.round(part * 100)} % of the variance)`}`,
    };
  };
  return scatterFigure(
    { x: axis(0), y: axis(1), points: Object.fromEntries(points), ...(runs.length > 0 && { paths: { runs } }) },
    { height: 460, ...rest },
  );
}

/** The first two coordinates of a state along the directions. */
function projection(
  operation: string,
  { mean, directions }: FixedPointData["components"],
): (state: readonly number[]) => [number, number] {
  const [first, second] = matrixOf(operation, directions, ["components", "n"]);
  const centre = numbersOf(operation, mean, ["n"]);
  if (first === undefined || second === undefined)
    throw new TensorError(`${operation}: expected at least two components, got ${showShape(directions.shape)}`);
  const along = (state: readonly number[], direction: readonly number[]): number => {
    if (state.length !== direction.length)
      throw new TensorError(
        `${operation}: the components are of ${direction.length} numbers, got a state of ${state.length}`,
      );
    return state.reduce((sum, value, i) => sum + (value - (centre[i] ?? 0)) * (direction[i] ?? 0), 0);
  };
  return (state) => [along(state, first), along(state, second)];
}
