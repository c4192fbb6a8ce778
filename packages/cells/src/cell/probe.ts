import { leavesOf, TensorError, type DType, type Shape, type Tensor } from "@sluice/tensor";
import { at, checkOptions, placeholder, sameShape, showShape } from "@sluice/tensor/internal";
import { axisSize } from "./axes.ts";
import { outputOf, type Cell, type Stepped } from "./cell.ts";
import { checkStepped } from "./check-stepped.ts";
import type { CellContext, Product } from "./context.ts";
import { inputOf } from "./inputs.ts";
import { mapBuffers, mapSpecs, weightSpecs } from "@sluice/params";
import { checkStates, mapStates, statesOf, type State } from "./states.ts";

/** What one run of a cell's step on symbols shows about it. */
export interface Probed {
  /** Width of the output. */
  readonly features: number;
  /** The name of the state that is the output, if it is one. */
  readonly outputState: string | undefined;
  /** Shapes of the traced values of one example. */
  readonly traces: Readonly<Record<string, Shape>>;
  /** Whether the step reads which rows are active; then it may mix rows. */
  readonly mixesRows: boolean;
  /** Whether the step takes random keys. */
  readonly draws: boolean;
  /** Whether the step observed something for the update of buffers. */
  readonly observes: boolean;
  /** The products with weights that the step makes through its context. */
  readonly products: readonly ProbedProduct[];
}

/** A product with weights `[rows, columns]`. */
export interface ProbedProduct extends Omit<Product, "x" | "W" | "multiply"> {
  readonly rows: number;
  readonly columns: number;
}

const batch = 2;

/** Runs a cell's step once on symbols and checks what it returns against what the cell declares. */
export function probe(cell: Cell, options: { readonly training?: boolean } = {}): Probed {
  checkOptions("probe", options, ["training"]);
  const { training = false } = options;
  const { name } = cell;
  checkStates(name, cell.state, cell.params);
  const noted = nothing();
  const { stepped } = stepOnSymbols(cell, { training, noted });
  checkStepped(name, stepped);
  checkReturned(cell, stepped.state);
  const outputState = typeof stepped.output === "string" ? stepped.output : undefined;
  const features = widthOf(name, stepped);
  const observes = stepped.observed !== undefined;
  if (training && cell.update !== undefined && !observes)
    throw new TensorError(
      `${name}: its buffers are updated, but the step observed nothing; a modifier must pass on what a step returns: { ...next, state }`,
    );
  return { features, outputState, ...noted, observes };
}

/** What a step did with its context. */
interface Noted {
  readonly traces: Record<string, Shape>;
  readonly products: ProbedProduct[];
  mixesRows: boolean;
  draws: boolean;
}

const nothing = (): Noted => ({ traces: {}, products: [], mixesRows: false, draws: false });

const symbol = (shape: Shape, label: string, dtype: DType = "f32"): Tensor => placeholder({ shape, dtype }, label);

/** The states that a cell's step is given as symbols, and what the step makes of them. */
export function stepOnSymbols(
  cell: Cell,
  { training, noted }: { readonly training: boolean; readonly noted: Noted } = { training: false, noted: nothing() },
): { readonly before: State; readonly stepped: Stepped } {
  const params = mapSpecs(weightSpecs(cell.params), (spec, path) => symbol(spec.shape, path));
  const before = mapStates(cell.state, ({ path, shape, dtype }) => symbol([batch, ...shape], path, dtype));
  const { shape, dtype } = inputOf(cell.input ?? [cell.sizes.input]);
  const x = symbol([batch, ...shape], "x", dtype);
  return { before, stepped: cell.step(params, before, x, notingContext(cell, training, noted)) };
}

/** A context of symbols that notes what the step does with it, and refuses what no layer could do. */
function notingContext({ name, buffers = {}, extra }: Cell, training: boolean, noted: Noted): CellContext {
  const once = keysOnce(name);
  const randomKey = (stream: string): Tensor => {
    noted.draws = true;
    return once(stream);
  };
  return {
    training,
    trace(trace, value) {
      if (Object.hasOwn(noted.traces, trace))
        throw new TensorError(`trace: ${trace} is traced twice; give each its own name`);
      if (value.shape[0] !== batch)
        throw new TensorError(`trace: ${trace} ${showShape(value.shape)} must have the batch as its first axis`);
      noted.traces[trace] = value.shape.slice(1);
    },
    change: (_, value) => value,
    product({ x, W, multiply, ...product }) {
      if (noted.products.some((other) => other.kind === product.kind && other.name === product.name))
        throw new TensorError(`${product.kind}: the product ${product.name} is made twice; give each its own name`);
      const result = multiply(x, W);
      noted.products.push({ ...product, rows: axisSize(x, 1), columns: axisSize(W, 1) });
      return result;
    },
    keys: { sequence: randomKey, step: randomKey },
    buffers: mapBuffers(buffers, ({ shape, dtype }, path) => symbol(shape, path, dtype)),
    active() {
      noted.mixesRows = true;
      return symbol([batch], "active", "bool");
    },
    extra: Object.fromEntries(
      Object.entries(extra).map(([input, spec]) => {
        const { shape, dtype } = inputOf(spec);
        return [input, symbol([batch, ...shape], input, dtype)];
      }),
    ),
  };
}

/** Random keys by name, each of which can be taken once. */
function keysOnce(name: string): (stream: string) => Tensor {
  const drawn = new Set<string>();
  return (stream) => {
    if (drawn.has(stream))
      throw new TensorError(
        `${name}: the random key ${stream} is used twice in one step, so the two draws would not be independent; give each use its own name`,
      );
    drawn.add(stream);
    return symbol([2], "key", "i32");
  };
}

/** The width of a step's output `[batch, features]`. */
function widthOf(name: string, stepped: Stepped): number {
  const output = at(name, () => outputOf(stepped));
  const same = leavesOf(stepped.state).find(({ tensor }) => unnamed(tensor) === unnamed(output))?.path;
  if (typeof stepped.output !== "string" && same !== undefined)
    throw new TensorError(
      `${name}: the output is the new state ${same}; return output: "${same}", so that modifiers of the state, such as zoneout, change the output too`,
    );
  const [rows, features, ...more] = output.shape;
  if (rows === batch && features !== undefined && more.length === 0) return features;
  throw new TensorError(
    `${name}: the output must be [batch, features]; for a batch of ${batch} it is ${showShape(output.shape)}`,
  );
}

/** Compares the states that a step returns with those that the cell declares. */
function checkReturned({ name, state }: Cell, returned: State): void {
  const after = new Map(leavesOf(returned).map(({ path, tensor }) => [path, tensor]));
  const declared = statesOf(state);
  const list = (paths: readonly string[]): string => paths.join(", ") || "none";
  const others = (): TensorError =>
    new TensorError(
      `${name}: the step must return the states ${list(declared.map(({ path }) => path))}; it returned ${list([...after.keys()])}`,
    );
  if (declared.length !== after.size) throw others();
  for (const { path, shape, dtype } of declared) {
    const [from, to] = [[batch, ...shape], after.get(path)];
    if (to === undefined) throw others();
    if (!sameShape(from, to.shape))
      throw new TensorError(
        `${name}: state ${path} is declared as ${showShape(from)} for a batch of ${batch} but leaves the step as ${showShape(to.shape)}`,
      );
    if (to.dtype !== dtype)
      throw new TensorError(`${name}: state ${path} is declared as ${dtype} but leaves the step as ${to.dtype}`);
  }
}

/** The tensor that has been given names. */
function unnamed(x: Tensor): Tensor {
  const [named] = x.kind === "symbol" && x.node.operation.op === "name" ? x.node.inputs : [];
  return named === undefined ? x : unnamed(named);
}
