import { TensorError, type Shape, type Tensor } from "@sluice/tensor";
import { at, checkOptions, placeholder, sameShape, shown, showShape } from "@sluice/tensor/internal";
import { outputOf, type Cell, type CellContext, type State } from "./cell.ts";
import { mapSpecs } from "@sluice/params";

/** What one run of a cell's step on symbols tells of it. */
export interface Probed {
  /** Width of the output. */
  readonly features: number;
  /** The state that the output is, where it is one. */
  readonly outputState: string | undefined;
  /** Shapes of the traced values of one example. */
  readonly traces: Readonly<Record<string, Shape>>;
  /** Whether the step marks its recurrent products. */
  readonly recurrent: boolean;
}

const batch = 2;

/** Runs a cell's step once on symbols and checks what it returns against what the cell declares. */
export function probe(cell: Cell, options: { readonly training?: boolean } = {}): Probed {
  checkOptions("probe", options, ["training"]);
  const { training = false } = options;
  const { name } = cell;
  const f32 = (shape: Shape, label: string): Tensor => placeholder({ shape, dtype: "f32" }, label);
  const traces: Record<string, Shape> = {};
  let recurrent = false;
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
    recurrent: (state) => {
      recurrent = true;
      return state;
    },
    keys: { sequence: randomKey, step: randomKey },
    extra: Object.fromEntries(
      Object.entries(cell.extra).map(([extra, shape]) => [extra, f32([batch, ...shape], extra)]),
    ),
  };
  const params = mapSpecs(cell.params, (spec, path) => f32(spec.shape, path));
  const before: State = Object.fromEntries(
    Object.entries(cell.state).map(([state, shape]) => [state, f32([batch, ...shape], state)]),
  );
  const stepped = cell.step(params, before, f32([batch, cell.sizes.input], "x"), context);
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
  const { state: after } = stepped;

  const declared = Object.keys(cell.state);
  const returned = Object.keys(after);
  if (declared.length !== returned.length || declared.some((state) => after[state] === undefined)) {
    throw new TensorError(
      `${name}: the step must return the states ${declared.join(", ")}; it returned ${returned.join(", ") || "none"}`,
    );
  }
  for (const state of declared) {
    const [from, to] = [before[state]!.shape, after[state]!.shape];
    if (!sameShape(from, to))
      throw new TensorError(
        `${name}: state ${state} is declared as ${showShape(from)} for a batch of ${batch} but leaves the step as ${showShape(to)}`,
      );
  }
  const outputState = typeof stepped.output === "string" ? stepped.output : undefined;
  const output = at(name, () => outputOf(stepped));
  const same =
    outputState === undefined ? declared.find((state) => unnamed(after[state]!) === unnamed(output)) : undefined;
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
  return { features: output.shape[1]!, outputState, traces, recurrent };
}

/** The tensor that has been given names. */
function unnamed(x: Tensor): Tensor {
  return x.kind === "symbol" && x.node.operation.op === "name" ? unnamed(x.node.inputs[0]!) : x;
}
