import { dense, embedding, sequence, sequential, type Cell, type CellSizes, type Layer } from "@sluice/cells";
import { parameterCount } from "@sluice/params";
import { TensorError } from "@sluice/tensor";
import { checkOptions, hasMembers, shown } from "@sluice/tensor/internal";
import { productsPerStep } from "./products.ts";

/** Makes a cell of some sizes, such as `gru`, or `({ input, hidden }) => mine({ input, hidden, gates: 2 })`. */
export type CellOf = (sizes: CellSizes) => Cell;

/** A cell that is compared. */
export interface ComparedCell {
  readonly cell: CellOf;
  /** For a cell that takes only multiples of a number as its hidden size. Default 1. */
  readonly multipleOf?: number;
}

/**
 * What the cells have as equal as possible: the trainable parameters of the whole model, the multiplications of matrix
 * products in one step of one sequence (`flops`), or the hidden size (`none`).
 */
export type Match = "parameters" | "flops" | "none";

/** The names of {@link Match}. */
export const matches: readonly Match[] = ["parameters", "flops", "none"];

/** What a task needs of a model. */
export interface ModelSizes {
  /** Features of a step or, of tokens, how many there are. */
  readonly input: number;
  readonly tokens: boolean;
  readonly output: number;
  readonly perStep: boolean;
}

/** A cell of a size that was chosen for it, and what the model costs. */
export interface SizedModel {
  readonly model: Layer;
  readonly hidden: number;
  /** Trainable parameters. */
  readonly parameters: number;
  /** Multiplications of matrix products in one step of one sequence. */
  readonly products: number;
}

/** The most hidden units that are tried. */
const most = 65_536;

/** Checks the cells of a job; each as an object. */
export function checkedCells(
  operation: string,
  cells: Readonly<Record<string, CellOf | ComparedCell>>,
): ReadonlyMap<string, Required<ComparedCell>> {
  if (typeof cells !== "object" || cells === null || Object.keys(cells).length === 0)
    throw new TensorError(`${operation}: cells is ${shown(cells)}, expected cells by name, such as { gru, lstm }`);
  return new Map(
    Object.entries(cells).map(([name, given]) => {
      const place = `${operation}: cells.${name}`;
      const { cell, multipleOf = 1 } = typeof given === "function" ? { cell: given } : asObject(place, given);
      if (typeof cell !== "function")
        throw new TensorError(
          `${place} is ${shown(cell)}, expected a function ({ input, hidden }) => cell, such as gru`,
        );
      if (!Number.isInteger(multipleOf) || multipleOf < 1)
        throw new TensorError(`${place}: multipleOf must be an integer >= 1, got ${shown(multipleOf)}`);
      return [name, { cell, multipleOf }];
    }),
  );
}

function asObject(place: string, given: unknown): Partial<ComparedCell> {
  if (hasMembers(given, { step: "function" }))
    throw new TensorError(`${place} is a cell, expected a function that makes one: ({ input, hidden }) => cell`);
  if (typeof given !== "object" || given === null)
    throw new TensorError(`${place} is ${shown(given)}, expected a function ({ input, hidden }) => cell, such as gru`);
  checkOptions(place, given, ["cell", "multipleOf"]);
  return given;
}

/** One layer of the cell over the sequence, an embedding before it if there are tokens, and a linear readout. */
export function modelWith(
  place: string,
  cell: CellOf,
  hidden: number,
  { sizes, embedding: features }: { readonly sizes: ModelSizes; readonly embedding: number },
): Layer {
  const input = sizes.tokens ? features : sizes.input;
  const made: unknown = cell({ input, hidden });
  if (!isCell(made))
    throw new TensorError(
      `${place}: cell({ input: ${input}, hidden: ${hidden} }) gave ${shown(made)}, expected a cell`,
    );
  if (made.sizes.input !== input)
    throw new TensorError(`${place}: the cell reads ${made.sizes.input} features, but the task has ${input}`);
  const layer = sequence(made, { outputs: sizes.perStep ? "all" : "last" });
  const readout = dense({ input: layer.features, output: sizes.output });
  return sizes.tokens
    ? sequential([embedding({ tokens: sizes.input, features }), layer, readout])
    : sequential([layer, readout]);
}

const isCell = (made: unknown): made is Cell =>
  hasMembers(made, { sizes: "object", params: "object", step: "function" });

/** The model of a cell whose size comes nearest to the measure of the first cell, which has `hidden` units. */
export function matchedModel(
  operation: string,
  cells: ReadonlyMap<string, Required<ComparedCell>>,
  name: string,
  options: { readonly match: Match; readonly hidden: number; readonly sizes: ModelSizes; readonly embedding: number },
): SizedModel {
  const { match, hidden } = options;
  const [first = ""] = cells.keys();
  const of = (which: string, units: number): Layer => {
    const place = `${operation}: cells.${which}`;
    return modelWith(place, cells.get(which)?.cell ?? missing(place), units, options);
  };
  const measured = (model: Layer): number => (match === "flops" ? productsPerStep(model) : parameterCount(model));
  const chosen =
    name === first || match === "none"
      ? hidden
      : nearestSize(`${operation}: cells.${name}`, {
          target: measured(of(first, hidden)),
          unit: cells.get(name)?.multipleOf ?? 1,
          measure: (units) => measured(of(name, units)),
        });
  const model = of(name, chosen);
  return { model, hidden: chosen, parameters: parameterCount(model), products: productsPerStep(model) };
}

const missing = (place: string): never => {
  throw new TensorError(`${place}: there is no such cell`);
};

/**
 * The multiple of `unit` whose measure, which grows with it, is nearest to the target; the smaller of two equally near
 * ones.
 */
function nearestSize(
  place: string,
  { target, unit, measure }: { readonly target: number; readonly unit: number; measure(units: number): number },
): number {
  let [low, high] = [0, 1];
  while (measure(high * unit) < target) {
    [low, high] = [high, 2 * high];
    if (high * unit > most) throw new TensorError(`${place}: even ${most} hidden units do not reach ${target}`);
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (measure(middle * unit) < target) low = middle;
    else high = middle;
  }
  const isBelowNearer = low > 0 && target - measure(low * unit) <= measure(high * unit) - target;
  return (isBelowNearer ? low : high) * unit;
}
