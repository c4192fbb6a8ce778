import { dense, embedding, sequence, sequential, type Cell, type CellSizes, type Layer } from "@sluice/cells";
import { parameterCount } from "@sluice/params";
import { TensorError } from "@sluice/tensor";
import { checkOptions, hasMembers, shown } from "@sluice/tensor/internal";
import { joinedFor, type ObservedParts } from "./inputs.ts";
import { productsPerSequence } from "./products.ts";

/** Makes a cell of some sizes, such as `gru`, or `({ input, hidden }) => mine({ input, hidden, gates: 2 })`. */
export type CellOf = (sizes: CellSizes) => Cell;

/** A cell that is compared. */
export interface ComparedCell {
  readonly cell: CellOf;
  /** For a cell that takes only multiples of a number as its hidden size. Default 1. */
  readonly multipleOf?: number;
}

/**
 * What the cells have as equal as possible: the trainable parameters of the whole model, the multiplications of its
 * matrix products for one sequence of the task's length (`flops`), or the hidden size (`none`).
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
  /** Steps of the longest sequence. */
  readonly steps: number;
  /** What irregular examples have besides `x`. */
  readonly observed: ObservedParts;
}

/** What a model is made with. */
export interface ModelParts {
  readonly sizes: ModelSizes;
  /** Features of the embedding of tokens. */
  readonly embedding: number;
  /** The rate of dropout between the layers. */
  readonly dropout: number;
}

/** A model, and which parts of the examples it reads as features of `x`. */
export interface BuiltModel {
  readonly layer: Layer;
  readonly joined: readonly (keyof ObservedParts)[];
}

/** A cell of a size that was chosen for it, and what the model costs. */
export interface SizedModel extends BuiltModel {
  readonly hidden: number;
  /** Trainable parameters. */
  readonly parameters: number;
  /** Multiplications of matrix products for one sequence. */
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

/**
 * One layer of the cell over the sequence, an embedding before it if there are tokens, and a linear readout. Of
 * irregular examples a cell gets as features what it does not read itself.
 */
export function modelWith(
  place: string,
  cell: CellOf,
  hidden: number,
  { sizes, embedding: features, dropout }: ModelParts,
): BuiltModel {
  const input = sizes.tokens ? features : sizes.input;
  const alone = madeCell(place, cell, { input, hidden });
  const joined = joinedFor(alone.extra, sizes.observed);
  const width = joined.reduce((sum, name) => sum + (sizes.observed[name] ?? 0), 0);
  const made = width === 0 ? alone : madeCell(place, cell, { input: input + width, hidden });
  const layer = sequence(made, { outputs: sizes.perStep ? "all" : "last" });
  const readout = dense({ input: layer.features, output: sizes.output });
  const layers = sizes.tokens ? [embedding({ tokens: sizes.input, features }), layer, readout] : [layer, readout];
  return { layer: sequential(layers, { dropout }), joined };
}

/** The cell of some sizes, checked. */
function madeCell(place: string, cell: CellOf, { input, hidden }: CellSizes): Cell {
  const made: unknown = cell({ input, hidden });
  if (!isCell(made))
    throw new TensorError(
      `${place}: cell({ input: ${input}, hidden: ${hidden} }) gave ${shown(made)}, expected a cell`,
    );
  if (made.sizes.input !== input)
    throw new TensorError(`${place}: the cell reads ${made.sizes.input} features, but the task has ${input}`);
  return made;
}

const isCell = (made: unknown): made is Cell =>
  hasMembers(made, { sizes: "object", params: "object", step: "function" });

/** The model of a cell whose size comes nearest to the measure of the first cell, which has `hidden` units. */
export function matchedModel(
  operation: string,
  cells: ReadonlyMap<string, Required<ComparedCell>>,
  name: string,
  options: ModelParts & { readonly match: Match; readonly hidden: number },
): SizedModel {
  const { match, hidden, sizes } = options;
  const [first = ""] = cells.keys();
  const of = (which: string, units: number): BuiltModel => {
    const place = `${operation}: cells.${which}`;
    return modelWith(place, cells.get(which)?.cell ?? missing(place), units, options);
  };
  const measured = ({ layer }: BuiltModel): number =>
    match === "flops" ? productsPerSequence(layer, sizes.steps) : parameterCount(layer);
  const chosen =
    name === first || match === "none"
      ? hidden
      : nearestSize(`${operation}: cells.${name}`, {
          target: measured(of(first, hidden)),
          unit: cells.get(name)?.multipleOf ?? 1,
          measure: (units) => measured(of(name, units)),
        });
  const built = of(name, chosen);
  const { layer } = built;
  return {
    ...built,
    hidden: chosen,
    parameters: parameterCount(layer),
    products: productsPerSequence(layer, sizes.steps),
  };
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
