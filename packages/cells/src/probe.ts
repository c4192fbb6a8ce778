import { leavesOf, matmul, TensorError, type DType, type Shape, type Tensor } from "@sluice/tensor";
import { at, checkOptions, placeholder, sameShape, shown, showShape } from "@sluice/tensor/internal";
import { outputOf, type Cell, type CellContext, type Product } from "./cell.ts";
import { inputOf } from "./inputs.ts";
import { mapBuffers, mapSpecs, weightSpecs } from "@sluice/params";
import { checkStates, mapStates, statesOf, type State } from "./states.ts";

/** What one run of a cell's step on symbols tells of it. */
export interface Probed {
  /** Width of the output. */
  readonly features: number;
  /** The state that the output is, where it is one. */
  readonly outputState: string | undefined;
  /** Shapes of the traced values of one example. */
  readonly traces: Readonly<Record<string, Shape>>;
  /** Whether the step asks which rows are active: it may mix rows. */
  readonly mixesRows: boolean;
  /** Whether the step observed something for the update of buffers. */
  readonly observes: boolean;
  /** The products with weights that the step makes through its context. */
  readonly products: readonly ProbedProduct[];
}

/** A product with weights `[rows, columns]`. */
export interface ProbedProduct extends Omit<Product, "x" | "W"> {
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
  const symbol = (shape: Shape, label: string, dtype: DType = "f32"): Tensor => placeholder({ shape, dtype }, label);
  const traces: Record<string, Shape> = {};
  const products: ProbedProduct[] = [];
  let mixesRows = false;
  const drawn = new Set<string>();
  const randomKey = (stream: string): Tensor => {
    if (drawn.has(stream))
      throw new TensorError(
        `${name}: the random key ${stream} is taken twice in one step, so that what is drawn by it would not be independent; give each use its own name`,
      );
    drawn.add(stream);
    return placeholder({ shape: [2], dtype: "i32" }, "key");
  };
  const context: CellContext = {
    training,
    trace: (trace, value) => {
      if (Object.hasOwn(traces, trace))
        throw new TensorError(`trace: ${trace} is traced twice; give each its own name`);
      if (value.shape[0] !== batch)
        throw new TensorError(`trace: ${trace} ${showShape(value.shape)} must have the batch as its first axis`);
      traces[trace] = value.shape.slice(1);
    },
    product({ x, W, ...product }) {
      if (products.some((other) => other.kind === product.kind && other.name === product.name))
        throw new TensorError(`${product.kind}: the product ${product.name} is made twice; give each its own name`);
      const result = matmul(x, W);
      products.push({ ...product, rows: x.shape[1]!, columns: W.shape[1]! });
      return result;
    },
    keys: { sequence: randomKey, step: randomKey },
    buffers: mapBuffers(cell.buffers ?? {}, ({ shape, dtype }, path) => symbol(shape, path, dtype)),
    active() {
      mixesRows = true;
      return placeholder({ shape: [batch], dtype: "bool" }, "active");
    },
    extra: Object.fromEntries(
      Object.entries(cell.extra).map(([extra, spec]) => {
        const { shape, dtype } = inputOf(spec);
        return [extra, symbol([batch, ...shape], extra, dtype)];
      }),
    ),
  };
  const params = mapSpecs(weightSpecs(cell.params), (spec, path) => symbol(spec.shape, path));
  const before = mapStates(cell.state, ({ path, shape, dtype }) => symbol([batch, ...shape], path, dtype));
  const { shape: inputShape, dtype: inputDType } = inputOf(cell.input ?? [cell.sizes.input]);
  const stepped = cell.step(params, before, symbol([batch, ...inputShape], "x", inputDType), context);
  const found: unknown = stepped;
  if (
    typeof found !== "object" ||
    found === null ||
    !("state" in found) ||
    typeof found.state !== "object" ||
    found.state === null
  ) {
    throw new TensorError(`${name}: the step returned ${shown(found)}, expected { state, output }`);
  }
  const after = leavesOf(stepped.state);
  checkReturned(cell, stepped.state);
  const outputState = typeof stepped.output === "string" ? stepped.output : undefined;
  const output = at(name, () => outputOf(stepped));
  const same =
    outputState === undefined ? after.find(({ tensor }) => unnamed(tensor) === unnamed(output))?.path : undefined;
  if (same !== undefined) {
    throw new TensorError(
      `${name}: the output is the new state ${same}; return output: "${same}", so that what happens to the state, such as zoneout, happens to the output too`,
    );
  }
  if (output.shape.length !== 2 || output.shape[0] !== batch) {
    throw new TensorError(
      `${name}: the output must be [batch, features]; for a batch of ${batch} it is ${showShape(output.shape)}`,
    );
  }
  const observes = stepped.observed !== undefined;
  if (training && cell.update !== undefined && !observes)
    throw new TensorError(
      `${name}: its buffers are updated, but the step observed nothing; a modifier must hand on what a step returns: { ...next, state }`,
    );
  return { features: output.shape[1]!, outputState, traces, products, mixesRows, observes };
}

/** Compares the states that a step returns with those that the cell declares. */
function checkReturned({ name, state }: Cell, returned: State): void {
  const after = new Map(leavesOf(returned).map(({ path, tensor }) => [path, tensor]));
  const declared = statesOf(state);
  if (declared.length !== after.size || declared.some(({ path }) => !after.has(path))) {
    const list = (paths: readonly string[]): string => paths.join(", ") || "none";
    throw new TensorError(
      `${name}: the step must return the states ${list(declared.map(({ path }) => path))}; it returned ${list([...after.keys()])}`,
    );
  }
  for (const { path, shape, dtype } of declared) {
    const [from, to] = [[batch, ...shape], after.get(path)!];
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
  return x.kind === "symbol" && x.node.operation.op === "name" ? unnamed(x.node.inputs[0]!) : x;
}
