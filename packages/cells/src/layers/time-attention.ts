import { bias, checkBuffers, checkParameters, kernel, initialize, type ParameterSpec } from "@sluice/params";
import { concat, convert, equal, greater, keyFor, not, reduceMax, select, tensor } from "@sluice/tensor";
import { TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { at, checkKey, checkList, checkOptions, shown } from "@sluice/tensor/internal";
import { batchAndTime, swapTime } from "../cell/axes.ts";
import type { Extras } from "../cell/inputs.ts";
import { floatOf } from "../cell/states.ts";
import { checkSize } from "../options/size.ts";
import { checkApply, wantedOf } from "./apply-options.ts";
import { linear } from "./attention-parts.ts";
import { checkLayer } from "./check-layer.ts";
import { chosenBias, chosenKernel, weightOptions, type WeightOptions } from "./chosen.ts";
import { lookedExtra } from "./extra-values.ts";
import { perturbationsOver } from "./given-inputs.ts";
import { checkStates } from "./given-states.ts";
import { asMade, checkInput, type ApplyOptions, type Layer } from "./layer.ts";
import { multiTimeAttention } from "./multi-time-attention.ts";
import type { TimeFeaturesLayer } from "./time-features.ts";

/** Options of {@link timeAttention}. */
export interface TimeAttentionOptions<P extends Tree> extends WeightOptions {
  /** The number of channels of the observations. */
  readonly input: number;
  /** The number of output features. */
  readonly output: number;
  /** The times of the output, in the unit of `extra.time`. */
  readonly reference: readonly number[];
  /** The features by which times are compared: {@link time2Vec} or {@link sinusoidalTime}. */
  readonly features: TimeFeaturesLayer<P>;
  /** A divisor of the number of time features. Default 1. */
  readonly heads?: number;
  /**
   * Whether the mask is averaged like further channels, as in the authors' encoders: 1 for a channel that was observed
   * at all, 0 for one that was not. Default false.
   */
  readonly maskChannels?: boolean;
}

/**
 * The parameters of {@link timeAttention}: those of the time features; Wq, Wk `[time features, time features]`, Wo
 * `[heads * channels, output]`, and a bias for each, where `channels` is `input`, or `2 * input` with `maskChannels`.
 */
export type TimeAttentionParams<P extends Tree> = {
  readonly features: P;
  readonly Wq: Tensor;
  readonly bq: Tensor;
  readonly Wk: Tensor;
  readonly bk: Tensor;
  readonly Wo: Tensor;
  readonly bo: Tensor;
};

type NoState = Readonly<Record<string, never>>;

export interface TimeAttentionLayer<P extends Tree = Tree> extends Layer<TimeAttentionParams<P>, NoState> {
  readonly kind: "timeAttention";
  readonly reference: readonly number[];
  readonly heads: number;
}

const name = "timeAttention";

/**
 * From irregular observations to a regular sequence, by attention over time: the module of mTAN (Shukla and Marlin
 * 2021, arXiv:2101.10318, section 3). phi are the time features, r_j the reference points.
 *
 *     q_j = phi(r_j) Wq + bq,      k_t = phi(time_t) Wk + bk
 *     y_j = multiTimeAttention({ queries: q, keys: k, values: x, mask }) Wo + bo
 *
 * Input `[batch, time, input]`, output `[batch, reference points, output]`: a recurrent layer after it runs over the
 * reference points, and lengths, masks and extra inputs of the observations do not reach it. Besides x it reads
 * `extra.time` `[batch, time, 1]` and `extra.mask` `[batch, time, input]`, which values were observed. Where x was not
 * observed, beyond the lengths and at masked steps, neither x nor the time is read. Where a row observes nothing of a
 * channel, its mean is 0.
 *
 * Initial matrices are Glorot's, biases zeros; the authors use PyTorch's `Linear`. It needs whole sequences: `stream`,
 * `carryAfter` and `resets` are errors.
 */
export function timeAttention<P extends Tree>(options: TimeAttentionOptions<P>): TimeAttentionLayer<P> {
  const { input, output, features, reference, heads, maskChannels } = checked(options);
  const params = specsOf(features, { ...options, channels: (maskChannels ? 2 : 1) * input * heads });
  const layer = { name, input } as const;
  return asMade<TimeAttentionLayer<P>>({
    kind: name,
    ...layer,
    features: output,
    reference,
    heads,
    params,
    buffers: {},
    extra: extrasOf(input),
    whole: "its reference points read all steps",
    ownSteps: true,
    init(key, initOptions) {
      checkKey("init", key);
      const { features: _, ...own } = params;
      return { features: features.init(keyFor(key, "features"), initOptions), ...initialize(own, key, initOptions) };
    },
    initialBuffers: () => ({}),
    initialState: () => ({}),
    perturbations: () => ({}),
    outputShape({ batch, time }) {
      if (time !== undefined) return [batch, reference.length, output];
      throw new TensorError(`${name}: it reads steps, and its input has no time axis`);
    },
    apply(weights, x, given = {}) {
      checkInput(layer, x);
      checkApply(name, given);
      checkParameters(name, params, weights, x);
      checkBuffers(name, {}, given.buffers, floatOf(x, weights));
      checkStates(name, given, {});
      checkWhole(given);
      perturbationsOver(name, given.perturbations, {}, batchAndTime(x));
      wantedOf(name, given.traces, { traces: [], states: [] });
      const { values, time, mask } = observationsOf(x, given);
      const embedded = (times: Tensor): Tensor => at("features", () => features.apply(weights.features, times).output);
      const points = tensor([...reference], [1, reference.length, 1], { dtype: x.dtype });
      const parts = {
        queries: linear(embedded(points), weights.Wq, weights.bq),
        keys: linear(embedded(time), weights.Wk, weights.bk),
        values: maskChannels ? concat([values, convert(mask, x.dtype)], 2) : values,
        mask: maskChannels ? concat([mask, mask], 2) : mask,
      };
      const output = linear(multiTimeAttention(parts, { heads }), weights.Wo, weights.bo);
      return { output, state: {}, carry: {}, buffers: {}, traces: {} };
    },
  });
}

/** What it reads besides x. */
const extrasOf = (input: number): Extras => ({ time: [1], mask: { shape: [input], values: "mask" } });

/** Values, times and mask with zeros where nothing is looked at. */
function observationsOf(x: Tensor, given: ApplyOptions) {
  const size = { ...batchAndTime(x), float: x.dtype };
  const { time: times, mask: flags } = lookedExtra(name, extrasOf(x.shape[2] ?? 0), given, size);
  if (times === undefined || flags === undefined) throw new TensorError(`${name}: extra time or mask is missing`);
  const mask = swapTime(not(equal(flags, 0)));
  const anything = greater(reduceMax(convert(mask, x.dtype), 2, { keep: true }), 0);
  return { values: select(mask, x, 0), time: select(anything, swapTime(times), 0), mask };
}

function checkWhole({ carryAfter, resets }: ApplyOptions): void {
  const strange = carryAfter !== undefined ? "carryAfter" : resets !== undefined ? "resets" : undefined;
  if (strange !== undefined)
    throw new TensorError(
      `${name}: ${strange} needs a sequence that is read step by step, but the reference points read all steps; leave ${strange} out`,
    );
}

function specsOf<P extends Tree>(
  features: TimeFeaturesLayer<P>,
  { channels, ...options }: TimeAttentionOptions<P> & { readonly channels: number },
) {
  const width = features.features;
  const matrix = (rows: number, columns: number): ParameterSpec =>
    chosenKernel(kernel([rows, columns]), options.input, options);
  const vector = (columns: number): ParameterSpec => chosenBias(bias([columns]), options.input, options);
  return {
    features: features.params,
    Wq: matrix(width, width),
    bq: vector(width),
    Wk: matrix(width, width),
    bk: vector(width),
    Wo: matrix(channels, options.output),
    bo: vector(options.output),
  };
}

function checked<P extends Tree>(options: TimeAttentionOptions<P>) {
  checkOptions(name, options, ["input", "output", "reference", "features", "heads", "maskChannels", ...weightOptions], {
    numHeads: "heads",
    embedding: "features",
    units: "output",
    query: "reference",
    queries: "reference",
  });
  const { features, reference, heads = 1, maskChannels = false } = options;
  const input = checkSize(name, "input", options.input);
  const output = checkSize(name, "output", options.output);
  checkLayer(name, "features", features);
  if (features.input !== 1)
    throw new TensorError(`${name}: the features must be of one time, got ${features.name} of ${features.input}`);
  checkList(name, "reference", reference, "[0, 0.5, 1]");
  const wrong = reference.find((time) => !Number.isFinite(time));
  if (wrong !== undefined || reference.length === 0)
    throw new TensorError(
      `${name}: reference must be finite times, such as [0, 0.5, 1], got ${wrong === undefined ? "none" : shown(wrong)}`,
    );
  checkSize(name, "heads", heads);
  if (features.features % heads !== 0)
    throw new TensorError(
      `${name}: heads must divide the number of time features (${features.features}), got ${shown(heads)}`,
    );
  if (typeof maskChannels !== "boolean")
    throw new TensorError(`${name}: maskChannels must be true or false, got ${shown(maskChannels)}`);
  return { input, output, features, reference: [...reference], heads, maskChannels };
}
