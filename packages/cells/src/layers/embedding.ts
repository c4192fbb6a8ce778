import {
  checkBuffers,
  checkParameters,
  initialize,
  randomNormal,
  parameter,
  type Initializer,
  type Regularizer,
} from "@sluice/params";
import { equal, full, gather, reshape, select, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, isArray, shown } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import { checkSize } from "../options/size.ts";
import { checkApply } from "./apply-options.ts";
import { checkStates } from "./given-states.ts";
import { asMade, checkInput, type ApplyOptions, type Layer } from "./layer.ts";
import { lookedAt } from "./looked-at.ts";
import { repeatMasked } from "./repeat-masked.ts";

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** How many ids there are: they go from 0 to `tokens - 1`. */
  readonly tokens: number;
  /** The number of features of each embedding. */
  readonly features: number;
  /** The id of padding: its vector is zeros and is not trained. Default: none. */
  readonly padding?: number;
  /** Default `randomNormal({ deviation: 1 })`, PyTorch's; Keras's is `randomUniform({ low: -0.05, high: 0.05 })`. */
  readonly initializer?: Initializer;
  /** Penalizes the embeddings. Default: none. */
  readonly regularizer?: Regularizer;
}

/** The parameters of {@link embedding}. */
export type EmbeddingParams = { readonly W: Tensor };

type NoState = Readonly<Record<string, never>>;

export interface EmbeddingLayer extends Layer<EmbeddingParams, NoState> {
  readonly kind: "embedding";
  readonly padding: number | undefined;
}

/**
 * A vector for each token, the first layer of a model of tokens: maps ids, i32 `[batch, time]`, to rows of W `[tokens,
 * features]` and gives `[batch, time, features]`. The gradient of a row of W is the sum over all places of its id.
 *
 * An id outside 0 to `tokens - 1` is an error if its value is known. A compiled program cannot check this and takes the
 * first or last row instead. Steps beyond a row's length and masked steps get zeros, whatever their id.
 */
export function embedding(options: EmbeddingOptions): EmbeddingLayer {
  checkOptions("embedding", options, ["tokens", "features", "padding", "initializer", "regularizer"], {
    inputDim: "tokens",
    input: "tokens",
    numEmbeddings: "tokens",
    outputDim: "features",
    output: "features",
    embeddingDim: "features",
    paddingIdx: "padding",
    maskZero: "padding",
    embeddingsInitializer: "initializer",
  });
  const tokens = checkSize("embedding", "tokens", options.tokens);
  const features = checkSize("embedding", "features", options.features);
  const { padding, initializer = randomNormal({ deviation: 1 }), regularizer } = options;
  if (padding !== undefined && !(Number.isInteger(padding) && padding >= 0 && padding < tokens))
    throw new TensorError(`embedding: padding must be an id from 0 to ${tokens - 1}, got ${shown(padding)}`);
  const params = { W: parameter([tokens, features], { initializer, ...(regularizer && { regularizer }) }) };
  const layer = { name: "embedding", input: tokens, x: { shape: [], dtype: "i32" } } as const;
  return asMade({
    kind: "embedding",
    ...layer,
    features,
    padding,
    params,
    buffers: {},
    extra: {},
    init: (key, initOptions) => initialize(params, key, initOptions),
    initialBuffers: () => ({}),
    initialState: () => ({}),
    perturbations: () => ({}),
    outputShape: ({ batch, time }) => [batch, ...(time === undefined ? [] : [time]), features],
    apply(weights, ids, given = {}) {
      checkInput(layer, ids);
      checkApply("embedding", given);
      checkParameters("embedding", params, weights);
      checkBuffers("embedding", {}, given.buffers, weights.W.dtype);
      checkStates("embedding", given, {});
      checkIds(ids, tokens, given);
      const rows = gather(weights.W, ids);
      const vectors = padding === undefined ? rows : select(reshape(equal(ids, padding), [...ids.shape, 1]), 0, rows);
      const output = repeatMasked("embedding", lookedAt("embedding", vectors, given), given);
      return { output, state: {}, carry: {}, buffers: {}, traces: {} };
    },
  });
}

/** Throws if an id that is used, and whose value is known, is out of range. */
function checkIds(ids: Tensor, tokens: number, given: ApplyOptions): void {
  const looked = lookedAt("embedding", full(ids.shape, 1), given);
  if (!isArray(ids) || !isArray(looked)) return;
  const at = ids.data.findIndex((id, i) => (id < 0 || id >= tokens) && looked.data[i] !== 0);
  if (at < 0) return;
  const time = axisSize(ids, 1);
  throw new TensorError(
    `embedding: ids must lie in 0 to ${tokens - 1}, got ${ids.data[at]} at row ${Math.floor(at / time)}, step ${at % time}`,
  );
}
