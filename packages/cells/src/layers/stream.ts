import {
  compileStep,
  leavesOf,
  mapTree,
  reshape,
  tensor,
  TensorError,
  type ArrayTensor,
  type Backend,
  type DType,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import {
  allocate,
  checkOptions,
  checkTree,
  isArray,
  showShape,
  sizeOf,
  type ExpectedLeaf,
} from "@sluice/tensor/internal";
import type { Layer } from "./layer.ts";

export interface StreamOptions {
  /** Sequences that are read side by side. Default 1. */
  readonly batch?: number;
  /** Default: the reference backend. */
  readonly backend?: Backend;
  /** Dtypes of extra inputs that are not f32: `{ mask: "bool" }`. */
  readonly extra?: Readonly<Record<string, DType>>;
}

interface StreamStepOptions {
  /** What the layer's cells read besides `x`, `[batch, ...]`, by name: all that `layer.extra` has. */
  readonly extra?: Readonly<Record<string, ArrayTensor>>;
}

/**
 * A layer that reads a sequence as it comes, one step at a time, in constant memory: for a server or a page. Calls are
 * answered in their order, so none has to be awaited before the next.
 */
export interface Stream<S extends Tree> {
  /** One step: x `[batch, input]` in, output `[batch, features]` out. A step that fails leaves the state as it was. */
  step(x: ArrayTensor, options?: StreamStepOptions): Promise<ArrayTensor>;
  /** A copy of the state, to go on from later or elsewhere. */
  state(): Promise<S>;
  setState(state: S): Promise<void>;
  /** Back to the state before the first step: all rows, or these. */
  reset(rows?: readonly number[]): Promise<void>;
  /**
   * Another reader, from the state of this one. It shares the compiled program, so that it costs no more than its
   * state: one for each client.
   */
  fork(): Stream<S>;
  /** The program is freed with the last of its readers. */
  dispose(): Promise<void>;
}

/**
 * Compiles a layer for reading step by step. It puts out what `apply` on the whole sequence would at that step, so
 * everything in it has to run forwards and put out all steps.
 */
export async function stream<P extends Tree, S extends Tree>(
  layer: Layer<P, S>,
  params: P,
  options: StreamOptions = {},
): Promise<Stream<S>> {
  checkOptions("stream", options, ["batch", "backend", "extra"]);
  const { batch = 1, backend, extra: dtypes = {} } = options;
  checkOptions("stream: extra", dtypes, Object.keys(layer.extra));
  if (!Number.isInteger(batch) || batch < 1)
    throw new TensorError(`stream: expected a batch of at least 1, got ${batch}`);
  checkForwards(layer, params, dtypes);
  const initial = layer.initialState(batch);
  const example = {
    state: initial,
    x: constant([batch, layer.input], 0),
    extra: extraOf(layer, dtypes, [batch], () => 0),
  };
  const session = await compileStep(
    ({ weights }: { weights: P }, { state, x, extra }: typeof example) => {
      const oneStep = mapTree(extra, (value) => reshape(value, [batch, 1, ...value.shape.slice(1)]));
      const applied = layer.apply(weights, reshape(x, [batch, 1, layer.input]), { state, extra: oneStep });
      return {
        state: { weights },
        output: { state: applied.state, y: reshape(applied.output, [batch, layer.features]) },
      };
    },
    { weights: params },
    [example],
    backend === undefined ? {} : { backend },
  );
  const expected = typesOf({ x: example.x, extra: example.extra });
  let readers = 0;

  return reader(Promise.resolve(initial));

  /** A reader's state is replaced, never changed, so that forks may begin with the same one. */
  function reader(begin: Promise<S>): Stream<S> {
    let current = begin;
    let disposed = false;
    readers++;
    /** The state after what has been asked for so far; what fails leaves it as it was. */
    const then = async <R>(next: (state: S) => Promise<{ readonly state: S; readonly result: R }>): Promise<R> => {
      if (disposed) throw new TensorError("stream: it was disposed of");
      const before = current;
      const after = before.then(next);
      current = after.then(
        ({ state }) => state,
        () => before,
      );
      return (await after).result;
    };
    return {
      async step(x, stepOptions = {}) {
        checkOptions("stream.step", stepOptions, ["extra"]);
        const inputs = { x, extra: stepOptions.extra ?? {} };
        checkTree("stream.step", "inputs", expected, inputs);
        return then(async (state) => {
          const output = await session.run({ state, ...inputs });
          return { state: output.state, result: arrayOf(output.y) };
        });
      },
      state: () => then(async (state) => ({ state, result: copyOf(state) })),
      async setState(state) {
        checkTree("stream.setState", "states", typesOf(initial), state);
        const copy = copyOf(state);
        return then(async () => ({ state: copy, result: undefined }));
      },
      async reset(rows) {
        const wrong = rows?.find((row) => !Number.isInteger(row) || row < 0 || row >= batch);
        if (wrong !== undefined)
          throw new TensorError(`stream.reset: expected rows from 0 to ${batch - 1}, got ${wrong}`);
        return then(async (state) => ({
          state: rows === undefined ? initial : withRows(state, initial, rows),
          result: undefined,
        }));
      },
      fork() {
        if (disposed) throw new TensorError("stream: it was disposed of");
        return reader(current);
      },
      async dispose() {
        if (disposed) return;
        disposed = true;
        await current;
        if (--readers === 0) await session.dispose();
      },
    };
  }
}

function typesOf(tree: Tree): ExpectedLeaf[] {
  return leavesOf(tree).map(({ path, tensor: { shape, dtype } }) => ({ path, shape, dtype }));
}

function arrayOf(x: Tensor): ArrayTensor {
  if (isArray(x)) return x;
  throw new TensorError("stream: expected values, got a symbol");
}

function copyOf<T extends Tree>(tree: T): T {
  return mapTree(tree, (x) => ({ ...arrayOf(x), data: arrayOf(x).data.slice() }));
}

/** `state` with these rows as in `from`. */
function withRows<S extends Tree>(state: S, from: S, rows: readonly number[]): S {
  const sources = new Map(leavesOf(from).map(({ path, tensor: x }) => [path, arrayOf(x)]));
  return mapTree(copyOf(state), (x, path) => {
    const [{ data }, width] = [arrayOf(x), sizeOf(x.shape.slice(1))];
    const source = sources.get(path)?.data;
    if (source !== undefined)
      for (const row of rows) data.set(source.subarray(row * width, (row + 1) * width), row * width);
    return x;
  });
}

function constant(shape: Shape, value: number, dtype: DType = "f32"): ArrayTensor {
  return tensor(allocate(dtype, sizeOf(shape)).fill(value), shape, { dtype });
}

/** Extra inputs of a layer, `[...lead, ...]`, of which step t holds `valueAt(t)`. */
function extraOf(
  layer: Pick<Layer, "extra">,
  dtypes: Readonly<Record<string, DType>>,
  lead: Shape,
  valueAt: (t: number) => number,
): Record<string, ArrayTensor> {
  return Object.fromEntries(
    Object.entries(layer.extra).map(([name, shape]) => {
      const values = constant([...lead, ...shape], 0, dtypes[name]);
      const width = sizeOf(shape);
      return [name, { ...values, data: values.data.map((_, i) => valueAt(Math.floor(i / width))) }];
    }),
  );
}

/**
 * A layer that reads backwards, or only puts out its last step, gives something else for parts of a sequence than for
 * the whole.
 */
function checkForwards<P extends Tree, S extends Tree>(
  layer: Layer<P, S>,
  params: P,
  dtypes: Readonly<Record<string, DType>>,
): void {
  const [all, ahead] = [2, 3].map((time) => layer.outputShape({ batch: 1, time }));
  if (all?.length !== 3 || ahead?.[1] !== 3) {
    throw new TensorError(
      `stream: ${layer.name} puts out ${showShape(all ?? [])} for 2 steps, not one output a step; use outputs: "all"`,
    );
  }
  // The first output may not depend on the second step.
  const first = (second: number): readonly number[] => {
    const x = constant([1, 2, layer.input], 0);
    x.data.fill(second, layer.input);
    const { output } = layer.apply(params, x, { extra: extraOf(layer, dtypes, [1, 2], (t) => t * second) });
    return [...arrayOf(output).data.subarray(0, layer.features)];
  };
  const [before, after] = [first(0), first(1)];
  if (before.some((v, i) => !Object.is(v, after[i])))
    throw new TensorError(
      `stream: ${layer.name} reads backwards, and needs the whole sequence before its first output`,
    );
}
