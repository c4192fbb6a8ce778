import {
  compileStep,
  expand,
  mapTree,
  reshape,
  select,
  TensorError,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import { inputOf } from "../cell/inputs.ts";
import { checkForwards, constant, extraOf } from "./forwards.ts";
import type { Layer, MaskedOutput } from "./layer.ts";
import { readerOf, type Program, type Reading, type StepInputs, type Stream } from "./reader.ts";

/** Options of {@link stream}. */
export interface StreamOptions {
  /** The layer's buffers, as training left them. Needed if it has any. */
  readonly buffers?: Tree;
  /** How many sequences are read side by side. Default 1. */
  readonly batch?: number;
  /** Default: the reference backend. */
  readonly backend?: Backend;
  /** Whether calls of `step` pass a `mask`. Default false. */
  readonly masks?: boolean;
  /** The output of masked rows, as in `apply`. Default zeros. */
  readonly maskedOutput?: MaskedOutput;
}

/**
 * Compiles a layer for reading step by step. Each step outputs what `apply` on the whole sequence outputs at that step,
 * so every part must run forwards and output all steps.
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
    throw new TensorError(`stream: expected a batch of at least 1, got ${shown(batch)}`);
  checkForwards(layer, params, buffers);
  const initial: Reading<S> = {
    state: layer.initialState(batch, { params }),
    ...(repeats ? { last: constant([batch, layer.features], 0) } : {}),
  };
  const xSpec = inputOf(layer.x ?? [layer.input]);
  const example: StepInputs = {
    x: constant([batch, ...xSpec.shape], 0, xSpec.dtype),
    extra: extraOf(layer, [batch], () => 0),
    ...(masks ? { mask: constant([batch], 1, "bool") } : {}),
  };
  const session = await compileStep(
    (
      { weights, buffers }: Fixed<P>,
      { reading, inputs }: { readonly reading: Reading<S>; readonly inputs: StepInputs },
    ) => ({
      state: { weights, buffers },
      output: stepOf(layer, weights, buffers, reading, inputs),
    }),
    { weights: params, buffers },
    [{ reading: initial, inputs: example }],
    backend === undefined ? {} : { backend },
  );
  let readers = 0;
  const program: Program<S> = {
    batch,
    initial,
    extra: layer.extra,
    example,
    run: (reading, inputs) => session.run({ reading, inputs }),
    open: () => void readers++,
    async close() {
      if (--readers === 0) await session.dispose();
    },
  };
  return readerOf(program, Promise.resolve(initial));
}

/** The layer applied to a sequence of one step. */
function stepOf<P extends Tree, S extends Tree>(
  layer: Layer<P, S>,
  weights: P,
  buffers: Tree,
  { state, last }: Reading<S>,
  { x, extra, mask }: StepInputs,
): { readonly reading: Reading<S>; readonly y: Tensor } {
  const oneStep = (value: Tensor): Tensor => {
    const [batch = 1, ...rest] = value.shape;
    return reshape(value, [batch, 1, ...rest]);
  };
  const applied = layer.apply(weights, oneStep(x), {
    state,
    buffers,
    extra: mapTree(extra, oneStep),
    ...(mask && { mask: oneStep(mask) }),
  });
  const now = reshape(applied.output, [axisSize(x, 0), layer.features]);
  const y = mask && last ? select(expand(mask, 1), now, last) : now;
  return { reading: { state: applied.state, ...(last && { last: y }) }, y };
}

/** Shared by all steps. */
type Fixed<P extends Tree> = { readonly weights: P; readonly buffers: Tree };
