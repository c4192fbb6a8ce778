import {
  compileStep,
  leavesOf,
  mapTree,
  reshape,
  select,
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
import { inputOf } from "../cell/inputs.ts";
import type { Layer, MaskedOutput } from "./layer.ts";

/** Options of {@link stream}. */
export interface StreamOptions {
  /** The layer's buffers, as training left them. Needed if it has any. */
  readonly buffers?: Tree;
  /** Sequences that are read side by side. Default 1. */
  readonly batch?: number;
  /** Default: the reference backend. */
  readonly backend?: Backend;
  /** Whether steps are given a `mask`. Default false. */
  readonly masks?: boolean;
  /** What rows that are masked put out, as in `apply`. Default zeros. */
  readonly maskedOutput?: MaskedOutput;
}

interface StreamStepOptions {
  /** bool `[batch]`, with `masks`: false where a row has no step now. It keeps its state. */
  readonly mask?: ArrayTensor;
  /** What the layer's cells read besides `x`, `[batch, ...]`, by name: all that `layer.extra` has. */
  readonly extra?: Readonly<Record<string, ArrayTensor>>;
}

/**
 * A layer that reads a sequence as it comes, one step at a time, in constant memory: for a server or a page. Calls are
 * answered in their order, so none has to be awaited before the next.
 */
export interface Stream<S extends Tree> {
  /** One step: x `[batch, input]` (or as `layer.x` says) in, output `[batch, features]` out. A step that fails leaves the state as it was. */
  step(x: ArrayTensor, options?: StreamStepOptions): Promise<ArrayTensor>;
  /** A copy of the state, to go on from later or elsewhere. */
  state(): Promise<S>;
  /** Replaces the state by one with the same paths, shapes and dtypes. */
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
  checkOptions("stream", options, ["batch", "backend", "buffers", "masks", "maskedOutput"]);
  const { batch = 1, backend, buffers = {}, masks = false, maskedOutput = "zeros" } = options;
  const repeats = masks && maskedOutput === "repeat";
  if (!Number.isInteger(batch) || batch < 1)
    throw new TensorError(`stream: expected a batch of at least 1, got ${batch}`);
  checkForwards(layer, params, buffers);
  const initial: Reading<S> = {
    state: layer.initialState(batch, { params }),
    ...(repeats ? { last: constant([batch, layer.features], 0) } : {}),
  };
  const xSpec = inputOf(layer.x ?? [layer.input]);
  const example = {
    reading: initial,
    x: constant([batch, ...xSpec.shape], 0, xSpec.dtype),
    extra: extraOf(layer, [batch], () => 0),
    ...(masks ? { mask: constant([batch], 1, "bool") } : {}),
  };
  const session = await compileStep(
    ({ weights, buffers }: Fixed<P>, { reading: { state, last }, x, extra, mask }: typeof example) => {
      const oneStep = mapTree(extra, (value) => reshape(value, [batch, 1, ...value.shape.slice(1)]));
      const applied = layer.apply(weights, reshape(x, [batch, 1, ...xSpec.shape]), {
        state,
        buffers,
        extra: oneStep,
        ...(mask && { mask: reshape(mask, [batch, 1]) }),
      });
      const now = reshape(applied.output, [batch, layer.features]);
      const y = mask && last ? select(reshape(mask, [batch, 1]), now, last) : now;
      return {
        state: { weights, buffers },
        output: { reading: { state: applied.state, ...(last && { last: y }) }, y },
      };
    },
    { weights: params, buffers },
    [example],
    backend === undefined ? {} : { backend },
  );
  const { reading: _, ...inputs } = example;
  const expected = typesOf(inputs);
  let readers = 0;

  return reader(Promise.resolve(initial));

  /** A reader's state is replaced, never changed, so that forks may begin with the same one. */
  function reader(begin: Promise<Reading<S>>): Stream<S> {
    let current = begin;
    let disposed = false;
    readers++;
    /** The state after what has been asked for so far; what fails leaves it as it was. */
    const then = async <R>(
      next: (reading: Reading<S>) => Promise<{ readonly reading: Reading<S>; readonly result: R }>,
    ): Promise<R> => {
      if (disposed) throw new TensorError("stream: it was disposed of");
      const before = current;
      const after = before.then(next);
      current = after.then(
        ({ reading }) => reading,
        () => before,
      );
      return (await after).result;
    };
    return {
      async step(x, stepOptions = {}) {
        checkOptions("stream.step", stepOptions, ["extra", "mask"]);
        const { extra = {}, mask } = stepOptions;
        const given = { x, extra, ...(mask && { mask }) };
        checkTree("stream.step", "inputs", expected, given);
        return then(async (reading) => {
          const output = await session.run({ reading, ...given });
          return { reading: output.reading, result: arrayOf(output.y) };
        });
      },
      state: () => then(async (reading) => ({ reading, result: copyOf(reading.state) })),
      async setState(state) {
        checkTree("stream.setState", "states", typesOf(initial.state), state);
        const copy = copyOf(state);
        return then(async () => ({ reading: { ...initial, state: copy }, result: undefined }));
      },
      async reset(rows) {
        const wrong = rows?.find((row) => !Number.isInteger(row) || row < 0 || row >= batch);
        if (wrong !== undefined)
          throw new TensorError(`stream.reset: expected rows from 0 to ${batch - 1}, got ${wrong}`);
        return then(async (reading) => ({
          reading: rows === undefined ? initial : withRows(reading, initial, rows),
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

/** What all steps share. */
type Fixed<P extends Tree> = { readonly weights: P; readonly buffers: Tree };

/** Where a reader stands: the layer's state, and its last output where masked steps repeat it. */
type Reading<S extends Tree> = { readonly state: S; readonly last?: Tensor };

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
  lead: Shape,
  valueAt: (t: number) => number,
): Record<string, ArrayTensor> {
  return Object.fromEntries(
    Object.entries(layer.extra).map(([name, spec]) => {
      const { shape, dtype } = inputOf(spec);
      const values = constant([...lead, ...shape], 0, dtype);
      const width = sizeOf(shape);
      return [name, { ...values, data: values.data.map((_, i) => valueAt(Math.floor(i / width))) }];
    }),
  );
}

/**
 * A layer that reads backwards, or only puts out its last step, gives something else for parts of a sequence than for
 * the whole.
 */
function checkForwards<P extends Tree, S extends Tree>(layer: Layer<P, S>, params: P, buffers: Tree): void {
  const [all, ahead] = [2, 3].map((time) => layer.outputShape({ batch: 1, time }));
  if (all?.length !== 3 || ahead?.[1] !== 3) {
    throw new TensorError(
      `stream: ${layer.name} puts out ${showShape(all ?? [])} for 2 steps, not one output a step; use outputs: "all"`,
    );
  }
  // The first output may not depend on the second step.
  const first = (second: number): readonly number[] => {
    const { shape, dtype } = inputOf(layer.x ?? [layer.input]);
    const x = constant([1, 2, ...shape], 0, dtype);
    x.data.fill(second, sizeOf(shape));
    const { output } = layer.apply(params, x, { buffers, extra: extraOf(layer, [1, 2], (t) => t * second) });
    return [...arrayOf(output).data.subarray(0, layer.features)];
  };
  const [before, after] = [first(0), first(1)];
  if (before.some((v, i) => !Object.is(v, after[i])))
    throw new TensorError(
      `stream: ${layer.name} reads backwards, and needs the whole sequence before its first output`,
    );
}
