import {
  barFigure,
  figureGrid,
  formatNumber,
  heatMapFigure,
  type Estimates,
  type FigureOptions,
} from "@sluice/figures";
import { TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { RowFigureOptions } from "./dynamics.ts";
import { indices, matrixOf, rowOf } from "./numbers.ts";

/** Attributions to inputs, such as those of `integratedGradients` and `occlusion`. */
export interface AttributionData {
  /** `[batch, time, ...features]`, in units of the score. NaN at steps that a row does not have. */
  readonly attributions: Tensor;
  /** The names of the features. Default: their indices. */
  readonly features?: readonly string[];
  /** `[batch]`: the sum of a row's attributions minus the change of its score. */
  readonly completenessErrors?: Tensor;
}

/** Options of {@link attributionFigure}. Width and height are those of one panel. */
export interface AttributionFigureOptions extends RowFigureOptions {
  /** The input that is explained, in the shape of the attributions. Drawn above them. */
  readonly input?: Tensor;
}

/**
 * Attributions of one row as a heat map of time and feature, below its input. Orange raised the score, blue lowered it.
 * The heading gives the completeness error, if it is known.
 */
export function attributionFigure(explained: AttributionData, options: AttributionFigureOptions = {}): string {
  const operation = "attributionFigure";
  const { row = 0, input, title, description, ...rest } = options;
  const steps = rowOf(operation, explained.attributions, { row, expected: ["batch", "time", "features"] });
  const width = steps[0]?.length ?? 0;
  const names = explained.features ?? indices(width).map(String);
  const error = explained.completenessErrors && valuesOf(explained.completenessErrors)[row];
  const sum = steps.flat().reduce((total, value) => (Number.isFinite(value) ? total + value : total), 0);
  const note = error === undefined ? "" : `, sum ${formatNumber(sum)}, completeness error ${formatNumber(error)}`;
  const map = (heading: string, rows: readonly number[][], label: string, palette?: "diverging"): string =>
    heatMapFigure(
      {
        x: { label: "step" },
        y: { label: "feature", names },
        value: { label },
        rows: indices(width).map((feature) => rows.map((step) => step[feature] ?? Number.NaN)),
      },
      { ...rest, title: heading, numbers: false, ...(palette && { palette }) },
    );
  const panels = [map(`Attributions${note}`, steps, "attribution", "diverging")];
  if (input !== undefined)
    panels.unshift(map("Input", rowOf(operation, input, { row, expected: ["batch", "time", "features"] }), "input"));
  return figureGrid(panels, {
    columns: 1,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
  });
}

/** Ablations and their effects, as `ablate` returns them. */
export interface AblationData {
  /** The metric without an ablation. */
  readonly metric: number;
  readonly effects: readonly {
    readonly ablation: {
      readonly trace: string;
      readonly units?: readonly number[];
      readonly value?: number | "mean";
    };
    readonly metric: number;
  }[];
}

/** Options of {@link ablationFigure}. */
export interface AblationFigureOptions extends FigureOptions {
  /** What the metric is. Default `metric`. */
  readonly metric?: string;
  /** Its unit. Default: none. */
  readonly unit?: string;
}

/** The metric with each ablation, as bars; the dashed line is the network as it is. */
export function ablationFigure(report: AblationData, options: AblationFigureOptions = {}): string {
  const { metric = "metric", unit, ...rest } = options;
  return barFigure(
    {
      value: { label: metric, ...(unit !== undefined && { unit }) },
      names: report.effects.map(({ ablation: { trace, units, value = "mean" } }) => {
        const of = units === undefined ? "" : ` of unit${units.length === 1 ? "" : "s"} ${units.join(", ")}`;
        return `${trace}${of} = ${value}`;
      }),
      bars: { [metric]: report.effects.map((effect) => effect.metric) },
      levels: { "without ablation": report.metric },
    },
    rest,
  );
}

/** Options of {@link similarityFigure}. */
export interface SimilarityFigureOptions extends FigureOptions {
  /** The names of the rows. Default: their indices. */
  readonly rows?: readonly string[];
  /** The names of the columns. Default: those of the rows if there are as many, otherwise indices. */
  readonly columns?: readonly string[];
  /** What is measured. Default `CKA`. */
  readonly measure?: string;
  /** The ends of the palette. Default `[0, 1]`, the range of CKA. */
  readonly extent?: readonly [number, number];
}

/** How alike networks, layers or steps are, two by two: a matrix `[rows, columns]`, such as of `linearCka`. */
export function similarityFigure(similarity: Tensor, options: SimilarityFigureOptions = {}): string {
  const { rows: rowNames, columns = rowNames, measure = "CKA", extent = [0, 1], ...rest } = options;
  const rows = matrixOf("similarityFigure", similarity, ["rows", "columns"]);
  const fits = columns?.length === (similarity.shape[1] ?? 0);
  return heatMapFigure(
    {
      x: { label: "", ...(columns !== undefined && (fits || options.columns) && { names: columns }) },
      y: { label: "", ...(rowNames && { names: rowNames }) },
      value: { label: measure },
      rows,
    },
    { width: 480, ...rest, extent },
  );
}

/** Options of {@link probeFigure}. */
export interface ProbeFigureOptions extends FigureOptions {
  /** What the scores are. Default `accuracy`. */
  readonly score?: string;
  /** The score of a readout that knows nothing: a dashed line. */
  readonly chance?: number;
}

/** Scores of linear readouts by what they read, `names`; several networks or layers side by side. */
export function probeFigure(
  scores: Readonly<Record<string, ArrayLike<number> | Estimates>>,
  names: readonly string[],
  options: ProbeFigureOptions = {},
): string {
  const { score = "accuracy", chance, ...rest } = options;
  return barFigure(
    { value: { label: score }, names, bars: scores, ...(chance !== undefined && { levels: { chance } }) },
    rest,
  );
}

interface DrawnRange {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** A pattern of units, and where else it occurs, as `statePattern` and `patternMatches` return them. */
export interface PatternData {
  readonly pattern: DrawnRange & { readonly units: readonly number[] };
  readonly matches: readonly (DrawnRange & { readonly overlap: number })[];
  /** `[batch, time, units]`, in which the ranges are. */
  readonly states: Tensor;
}

/** Options of {@link patternFigure}. Width and height are those of one panel. */
export interface PatternFigureOptions extends FigureOptions {
  /** Steps before and after each range that are drawn too. Default 3. */
  readonly context?: number;
  /** How many matches are drawn: the first ones. Default 8. */
  readonly count?: number;
  /** How many stand side by side. Default 3. */
  readonly columns?: number;
}

/**
 * A pattern and its matches as small heat maps of the pattern's units over time, all with the same colours, so that they
 * can be compared. The heading of each says where it is and how many units of the pattern are on.
 */
export function patternFigure({ pattern, matches, states }: PatternData, options: PatternFigureOptions = {}): string {
  const operation = "patternFigure";
  const { context = 3, count = 8, columns = 3, title, description, width = 300, ...rest } = options;
  for (const [name, value] of Object.entries({ context, count }))
    if (!Number.isInteger(value) || value < 0)
      throw new TensorError(`${operation}: ${name} must be a whole number from 0, got ${shown(value)}`);
  if (pattern.units.length === 0)
    throw new TensorError(`${operation}: the pattern has no units; take a lower threshold`);
  const ranges = [
    { ...pattern, overlap: pattern.units.length, heading: "Pattern: " },
    ...matches.slice(0, count).map((match) => ({ ...match, heading: "" })),
  ].map((range) => {
    const steps = rowOf(operation, states, { row: range.row, expected: ["batch", "time", "units"] });
    const first = Math.max(0, range.from - context);
    const part = steps.slice(first, Math.min(steps.length, range.to + context));
    return { ...range, first, rows: pattern.units.map((unit) => part.map((step) => step[unit] ?? Number.NaN)) };
  });
  let largest = 0;
  for (const { rows } of ranges)
    for (const value of rows.flat()) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  const panels = ranges.map(({ heading, row, from, to, overlap, first, rows }) =>
    heatMapFigure(
      {
        x: { label: "step", names: indices(rows[0]?.length ?? 0).map((step) => first + step) },
        y: { label: "unit", names: pattern.units },
        value: { label: "state" },
        rows,
      },
      {
        ...rest,
        width,
        numbers: false,
        palette: "diverging",
        extent: largest === 0 ? [-1, 1] : [-largest, largest],
        title: `${heading}row ${row}, ${from}–${to - 1}, ${overlap} of ${pattern.units.length}`,
      },
    ),
  );
  return figureGrid(panels, {
    columns,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
  });
}
