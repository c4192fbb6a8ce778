/** What the layers that make features of times have in common. */
import { checkBuffers, checkParameters, type InitOptions, type Specs } from "@sluice/params";
import { TensorError, type ArrayTensor, type Tensor, type Tree } from "@sluice/tensor";
import { floatOf } from "../cell/states.ts";
import { checkApply, wantedOf } from "./apply-options.ts";
import { checkStates } from "./given-states.ts";
import { asMade, type Layer } from "./layer.ts";
import { lookedAt } from "./looked-at.ts";
import { repeatMasked } from "./repeat-masked.ts";

type NoState = Readonly<Record<string, never>>;

/**
 * A layer that makes features of times, each on its own: `[..., input]` to `[..., features]`, of sequences `[batch,
 * time, input]` or of one vector per row. It has no state.
 */
export interface TimeFeaturesLayer<P extends Tree = Tree> extends Layer<P, NoState> {
  readonly kind: "time2Vec" | "sinusoidalTime" | "timeDecay";
}

/** What is particular to one of these layers. */
interface Made<P extends Tree> {
  readonly kind: TimeFeaturesLayer["kind"];
  readonly input: number;
  readonly features: number;
  readonly params: Specs;
  readonly init: (key: ArrayTensor, options?: InitOptions) => P;
  /** The features `[..., features]` of `[..., input]`. */
  readonly of: (params: P, times: Tensor) => Tensor;
}

/** The layer of these equations. Steps that are not looked at give zeros. */
export function timeFeatures<P extends Tree>({ of, ...made }: Made<P>): TimeFeaturesLayer<P> {
  const { kind, input, features, params } = made;
  return asMade<TimeFeaturesLayer<P>>({
    ...made,
    name: kind,
    buffers: {},
    extra: {},
    initialBuffers: () => ({}),
    initialState: () => ({}),
    perturbations: () => ({}),
    outputShape: ({ batch, time }) => [batch, ...(time === undefined ? [] : [time]), features],
    apply(weights, given, options = {}) {
      checkApply(kind, options);
      if (given.shape.at(-1) !== input || given.shape.length < 2)
        throw new TensorError(
          `${kind}: expected times [batch, time, ${input}] or [batch, ${input}], got [${given.shape.join(", ")}]`,
        );
      checkParameters(kind, params, weights, given);
      checkBuffers(kind, {}, options.buffers, floatOf(given, weights));
      checkStates(kind, options, {});
      wantedOf(kind, options.traces, { traces: [], states: [] });
      const looked = (x: Tensor): Tensor => (x.shape.length === 3 ? lookedAt(kind, x, options) : x);
      const output = repeatMasked(kind, looked(of(weights, looked(given))), options);
      return { output, state: {}, carry: {}, buffers: {}, traces: {} };
    },
  });
}
