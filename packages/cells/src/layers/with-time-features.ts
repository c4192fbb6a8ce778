import { checkBuffers, checkParameters } from "@sluice/params";
import { concat, keyFor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { at, checkKey, checkOptions, shown } from "@sluice/tensor/internal";
import { batchAndTime, swapTime } from "../cell/axes.ts";
import type { Extras } from "../cell/inputs.ts";
import { floatOf } from "../cell/states.ts";
import { checkSize } from "../options/size.ts";
import { checkApply, wantedOf } from "./apply-options.ts";
import { checkLayer } from "./check-layer.ts";
import { lookedExtra } from "./extra-values.ts";
import { perturbationsOver } from "./given-inputs.ts";
import { checkStates } from "./given-states.ts";
import { asMade, checkInput, type ApplyOptions, type Layer } from "./layer.ts";
import { lookedAt } from "./looked-at.ts";
import { repeatMasked } from "./repeat-masked.ts";
import type { TimeFeaturesLayer } from "./time-features.ts";

/** Options of {@link withTimeFeatures}. */
export interface WithTimeFeaturesOptions<P extends Tree> {
  /** The number of features of `x`, which are passed on as they are. */
  readonly input: number;
  /** What makes the features: {@link time2Vec}, {@link sinusoidalTime} or {@link timeDecay}. */
  readonly features: TimeFeaturesLayer<P>;
  /**
   * The extra input that they are made of: `time` (default), the time of the step; `elapsed`, the time since the
   * previous step; `delta`, the time since each variable was last observed.
   */
  readonly reads?: "time" | "elapsed" | "delta";
}

/** The parameters of {@link withTimeFeatures}. */
export type WithTimeFeaturesParams<P extends Tree> = { readonly features: P };

type NoState = Readonly<Record<string, never>>;

export interface WithTimeFeaturesLayer<P extends Tree = Tree> extends Layer<WithTimeFeaturesParams<P>, NoState> {
  readonly kind: "withTimeFeatures";
}

/**
 * Puts features of the times beside a sequence, for layers that do not read times themselves: `[x_t, features(t)]`.
 *
 *     const model = sequential([
 *       withTimeFeatures({ input: 3, features: time2Vec({ features: 8 }) }),
 *       sequence(gru({ input: 11, hidden: 16 })),
 *     ]);
 *     model.apply(params, x, { extra: { time }, lengths });
 *
 * Input `[batch, time, input]`, output `[batch, time, input + features]`. It reads the times from `extra`, `[batch,
 * time, features.input]`; elapsed times must be finite and at least 0. Steps that are masked or beyond the lengths
 * output zeros, whatever `x` and the times hold there.
 */
export function withTimeFeatures<P extends Tree>(options: WithTimeFeaturesOptions<P>): WithTimeFeaturesLayer<P> {
  const { input, features, reads } = checked(options);
  const params = { features: features.params };
  const extra: Extras = { [reads]: { shape: [features.input], values: reads === "time" ? "any" : "nonNegative" } };
  const layer = { name: "withTimeFeatures", input } as const;
  const width = input + features.features;
  return asMade<WithTimeFeaturesLayer<P>>({
    kind: "withTimeFeatures",
    ...layer,
    features: width,
    params,
    buffers: {},
    extra,
    init(key, initOptions) {
      checkKey("init", key);
      return { features: features.init(keyFor(key, "features"), initOptions) };
    },
    initialBuffers: () => ({}),
    initialState: () => ({}),
    perturbations: () => ({}),
    outputShape({ batch, time }) {
      if (time !== undefined) return [batch, time, width];
      throw new TensorError(
        'withTimeFeatures: it reads the time of each step, and its input has no time axis; a layer before it has outputs: "last"',
      );
    },
    apply(weights, x, given = {}) {
      checkInput(layer, x);
      checkApply(layer.name, given);
      checkParameters(layer.name, params, weights, x);
      checkBuffers(layer.name, {}, given.buffers, floatOf(x, weights));
      checkStates(layer.name, given, {});
      perturbationsOver(layer.name, given.perturbations, {}, batchAndTime(x));
      wantedOf(layer.name, given.traces, { traces: [], states: [] });
      const times = timesOf(extra, reads, x, given);
      const made = at("features", () => features.apply(weights.features, times).output);
      const output = lookedAt(layer.name, concat([x, made], 2), given);
      return { output: repeatMasked(layer.name, output, given), state: {}, carry: {}, buffers: {}, traces: {} };
    },
  });
}

/** The times `[batch, time, width]`, zeros where they are not looked at. */
function timesOf(extra: Extras, reads: string, x: Tensor, given: ApplyOptions): Tensor {
  const name = "withTimeFeatures";
  const own = lookedExtra(name, extra, given, { ...batchAndTime(x), float: x.dtype })[reads];
  if (own === undefined) throw new TensorError(`${name}: extra ${reads} is missing`);
  return swapTime(own);
}

function checked<P extends Tree>(options: WithTimeFeaturesOptions<P>) {
  checkOptions("withTimeFeatures", options, ["input", "features", "reads"], { layer: "features", extra: "reads" });
  const { features, reads = "time" } = options;
  const input = checkSize("withTimeFeatures", "input", options.input);
  checkLayer("withTimeFeatures", "features", features);
  if (!["time", "elapsed", "delta"].includes(reads))
    throw new TensorError(`withTimeFeatures: reads is ${shown(reads)}, expected "time", "elapsed" or "delta"`);
  return { input, features, reads };
}
