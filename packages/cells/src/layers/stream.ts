import {
  checkOptions, compileStep, isArray, reshape, showShape, TensorError, zerosArray,
  type ArrayTensor, type Backend, type Tensor, type Tree,
} from "@sluice/tensor";
import type { Layer } from "./layer.ts";

export interface StreamOptions {
  /** Sequences that are read side by side. Default 1. */
  readonly batch?: number;
  /** Default: the reference backend. */
  readonly backend?: Backend;
}

/** A layer that reads a sequence as it comes, one step at a time, in constant memory: for a server or a page. */
export interface Stream<S extends Tree> {
  /** One step: x `[batch, input]` in, output `[batch, features]` out; the state stays on the backend. */
  step(x: ArrayTensor): Promise<ArrayTensor>;
  /** A copy of the state, to go on from later or elsewhere. */
  state(): Promise<S>;
  setState(state: S): Promise<void>;
  /** Back to the state before the first step. */
  reset(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Compiles a layer for reading step by step. It puts out what `apply` on the whole sequence would at that step, so everything in it has to run
 * forwards and put out all steps.
 */
export async function stream<P extends Tree, S extends Tree>(layer: Layer<P, S>, params: P, options: StreamOptions = {}): Promise<Stream<S>> {
  checkOptions("stream", options, ["batch", "backend"]);
  const { batch = 1, backend } = options;
  if (!Number.isInteger(batch) || batch < 1) throw new TensorError(`stream: expected a batch of at least 1, got ${batch}`);
  const example = zerosArray([batch, layer.input]);
  checkForwards(layer, params, batch);
  const initial = layer.initialState(batch);
  const session = await compileStep(
    ({ weights, state }: { weights: P; state: S }, x: Tensor) => {
      const applied = layer.apply(weights, reshape(x, [batch, 1, layer.input]), { state });
      return { state: { weights, state: applied.state }, output: reshape(applied.output, [batch, layer.features]) };
    },
    { weights: params, state: initial },
    [example],
    backend === undefined ? {} : { backend },
  );
  return {
    async step(x) {
      const output = await session.run(x);
      if (!isArray(output)) throw new Error("a compiled step returns values");
      return output;
    },
    state: async () => (await session.state()).state,
    setState: (state) => session.setState({ weights: params, state }),
    reset: () => session.setState({ weights: params, state: initial }),
    dispose: () => session.dispose(),
  };
}

/** A layer that reads backwards, or only puts out its last step, gives something else for parts of a sequence than for the whole. */
function checkForwards<P extends Tree, S extends Tree>(layer: Layer<P, S>, params: P, batch: number): void {
  const [all, ahead] = [2, 3].map((time) => layer.outputShape({ batch, time }));
  if (all?.length !== 3 || ahead?.[1] !== 3) {
    throw new TensorError(`stream: ${layer.name} puts out ${showShape(all ?? [])} for 2 steps, not one output a step; use outputs: "all"`);
  }
  // The first output may not depend on the second step.
  const later = zerosArray([1, 2, layer.input]);
  later.data.fill(1, layer.input);
  const first = (x: Tensor): readonly number[] => {
    const { output } = layer.apply(params, x);
    return isArray(output) ? [...output.data.subarray(0, layer.features)] : [];
  };
  const before = first(zerosArray([1, 2, layer.input]));
  const after = first(later);
  if (before.some((v, i) => !Object.is(v, after[i]))) throw new TensorError(`stream: ${layer.name} reads backwards, and needs the whole sequence before its first output`);
}
