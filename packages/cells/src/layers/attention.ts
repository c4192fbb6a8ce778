import { bias, checkBuffers, checkParameters, initialize, kernel, type ParameterSpec } from "@sluice/params";
import { TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, shown, zerosArray } from "@sluice/tensor/internal";
import { floatOf, zeroPerturbations } from "../cell/states.ts";
import { checkRate } from "../options/rate.ts";
import { checkSize } from "../options/size.ts";
import { checkApply, wantedOf } from "./apply-options.ts";
import type { AttentionParams, AttentionState } from "./attention-parts.ts";
import { overSequence } from "./attention-over-sequence.ts";
import { overWindow } from "./attention-over-window.ts";
import { chosenBias, chosenKernel, weightOptions, type WeightOptions } from "./chosen.ts";
import { beginOf, checkStates, dtypeOf } from "./given-states.ts";
import { asMade, checkInput, type Layer } from "./layer.ts";
import type { PastState } from "./over-history.ts";

/** Options of {@link attention}. */
export interface AttentionOptions extends WeightOptions {
  /** The number of input features. */
  readonly input: number;
  /** The number of output features, and of all heads together; a multiple of `heads`. Default `input`. */
  readonly output?: number;
  /** Default 1. */
  readonly heads?: number;
  /** Whether a step sees only itself and earlier steps. Default false; with a `window`, always true. */
  readonly causal?: boolean;
  /**
   * How many steps a step sees: itself and the `window - 1` before it. The keys and values of these are the state, so
   * that windows carry on and streams work. Default: all steps of its sequence.
   */
  readonly window?: number;
  /** Rate of dropout of the attention weights in training. Default 0. */
  readonly dropout?: number;
  /** Default true, as in PyTorch. */
  readonly bias?: boolean;
}

export interface AttentionLayer extends Layer<AttentionParams, AttentionState> {
  readonly kind: "attention";
  readonly heads: number;
  readonly causal: boolean;
  readonly window: number | undefined;
  readonly dropout: number;
}

/**
 * Self-attention of several heads (Vaswani et al. 2017, arXiv:1706.03762, section 3.2): each step of a sequence reads
 * the steps that it sees.
 *
 *     q = x Wq + bq,   k = x Wk + bk,   v = x Wv + bv        each in `heads` parts of width d = output / heads
 *     head_i = softmax(q_i k_i^T / sqrt(d)) v_i
 *     h = [head_1; ...; head_heads] Wo + bo                  [batch, time, output]
 *
 * The numbers are those of PyTorch's `MultiheadAttention`. A step sees the steps that are not masked, within the length
 * and of the same sequence between `resets`: with `causal` only itself and earlier ones, with a `window` only the last
 * of these. Steps that are masked output zeros, or repeat the last output; those beyond the lengths output zeros.
 *
 * With a `window` the state is `past` `[batch, window - 1, 2 output + 1]`: keys, values and a 1 for each of the last
 * steps, 0 where there was none. Time and memory are then proportional to `time * window`. Without one they are
 * proportional to the square of the number of steps, and there is no state: `carryAfter` and `stream` are errors,
 * because each step needs all earlier ones. `segment` changes nothing, because there is no loop; only with a window and
 * `perturbations` or `intervene` does one run.
 *
 * Trace: `weights` `[batch, time, heads, time]`, of a query's step and a key's, before dropout. With a window
 * `[batch, time, heads, window]`, the last key being the step itself. `intervene` gets the weights without a window for
 * all steps at once, with one as `[batch, heads, window]` step by step.
 */
export function attention(options: AttentionOptions): AttentionLayer {
  const { input, output, heads, causal, window, rate } = checked(options);
  const params = specsOf(input, output, options);
  const layer = { name: "attention", input } as const;
  const past = window === undefined ? undefined : [window - 1, 2 * output + 1];
  return asMade({
    kind: "attention",
    ...layer,
    features: output,
    heads,
    causal,
    window,
    dropout: rate,
    params,
    buffers: {},
    extra: {},
    ...(window === undefined && {
      whole: "each step reads all earlier steps, and no state holds them; bound them with `window`",
    }),
    init: (key, initOptions) => initialize(params, key, initOptions),
    initialBuffers: () => ({}),
    initialState: (batch, stateOptions) => stateOf(past, batch, beginOf("attention.initialState", stateOptions).dtype),
    perturbations: ({ batch, time }, stateOptions) =>
      past === undefined
        ? {}
        : zeroPerturbations<PastState>({ past }, [batch, time], dtypeOf("attention.perturbations", stateOptions)),
    outputShape({ batch, time }) {
      if (time !== undefined) return [batch, time, output];
      throw new TensorError(
        'attention: it reads steps, and its input has no time axis; a layer before it has outputs: "last"',
      );
    },
    apply(weights, x, given = {}) {
      checkInput(layer, x);
      checkApply("attention", given);
      checkParameters("attention", params, weights, x);
      checkBuffers("attention", {}, given.buffers, floatOf(x, weights));
      checkStates("attention", given, stateOf(past, x.shape[0] ?? 0, floatOf(x, weights)));
      const states = window === undefined ? [] : ["past"];
      const attending = { heads, rate, ...wantedOf("attention", given.traces, { traces: ["weights"], states }) };
      return window === undefined
        ? overSequence(weights, x, given, { ...attending, causal })
        : overWindow(weights, x, given, { ...attending, window });
    },
  });
}

function checked(options: AttentionOptions) {
  checkOptions(
    "attention",
    options,
    ["input", "output", "heads", "causal", "window", "dropout", "bias", ...weightOptions],
    { embedDim: "input", numHeads: "heads", units: "output", hidden: "output", features: "output", useBias: "bias" },
  );
  const { heads = 1, window, dropout = 0, causal = window !== undefined } = options;
  const input = checkSize("attention", "input", options.input);
  const output = checkSize("attention", "output", options.output ?? input);
  checkSize("attention", "heads", heads);
  if (output % heads !== 0)
    throw new TensorError(`attention: output must be a multiple of heads (${heads}), got ${shown(output)}`);
  if (window !== undefined) checkSize("attention", "window", window);
  if (typeof causal !== "boolean")
    throw new TensorError(`attention: causal must be true or false, got ${shown(causal)}`);
  if (window !== undefined && !causal)
    throw new TensorError("attention: a window holds the last steps, so it is causal; leave out causal: false");
  checkRate("attention", "dropout", dropout, { below: true });
  return { input, output, heads, causal, window, rate: dropout };
}

type AttentionSpecs = { readonly [K in keyof AttentionParams]: ParameterSpec };

function specsOf(input: number, output: number, options: AttentionOptions): AttentionSpecs {
  const matrix = (rows: number): ParameterSpec => chosenKernel(kernel([rows, output]), input, options);
  const matrices = { Wq: matrix(input), Wk: matrix(input), Wv: matrix(input), Wo: matrix(output) };
  if (options.bias === false) return matrices;
  const b = chosenBias(bias([output]), input, options);
  return { ...matrices, bq: b, bk: b, bv: b, bo: b };
}

const stateOf = (past: readonly number[] | undefined, batch: number, dtype: Tensor["dtype"]): AttentionState =>
  past === undefined ? {} : { past: zerosArray([batch, ...past], dtype) };
