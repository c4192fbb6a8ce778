import { dropout as droppedOut } from "@sluice/cells";
import { layerNorm } from "@sluice/norm";
import { parameter, randomNormal, type Initializer, type ParameterSpec } from "@sluice/params";
import {
  add,
  broadcastTo,
  concat,
  div,
  full,
  gelu,
  greater,
  max,
  onesLike,
  reshape,
  select,
  sliceAxis,
  sum,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, shown, suggestion } from "@sluice/tensor/internal";
import { defineFusion, type FuseContext } from "../define-fusion.ts";
import type { Fusion, ModalitySpec } from "../fusion.ts";
import { checkHeads, checkRate, checkSeveral, checkSize, sequenceInputs } from "../inputs.ts";
import { byName } from "../names.ts";
import type { SeenModality } from "../seen.ts";
import {
  attentionLayer,
  attentionLayerSpecs,
  gainSpec,
  offsetSpec,
  type AttentionLayerParams,
} from "./attention-layer.ts";

/** Options of {@link bottleneckAttention}. */
export interface BottleneckAttentionOptions<M extends string> {
  /** The sequences, two or more, and their width d, the same for all and for the output; a multiple of `heads`. */
  readonly inputs: Readonly<Record<M, number>>;
  /** The number of bottleneck tokens B. Default 4, as in the paper. */
  readonly bottlenecks?: number;
  /** The number of layers of each modality. Default 2. */
  readonly layers?: number;
  /** The first layers, without bottlenecks: there each modality sees only itself. Default 0; at most `layers - 2`. */
  readonly fusionLayer?: number;
  /** Default 1. */
  readonly heads?: number;
  /** The number of hidden units of the feed-forward networks. Default 4 d. */
  readonly hidden?: number;
  /**
   * What the output is the mean of: a learned class token for each modality (`"token"`, the default, as in the paper),
   * or all steps of all modalities (`"mean"`).
   */
  readonly summary?: "token" | "mean";
  /** Rate of dropout in training of hidden units and of what is added to a sequence. Default 0. */
  readonly dropout?: number;
  /** Rate of dropout of the attention weights in training. Default 0. */
  readonly attentionDropout?: number;
  /** The initializer of all matrices. Default glorotUniform, as in the authors' code. */
  readonly kernelInitializer?: Initializer;
}

/**
 * `bottlenecks` `[B, d]`; the class token `[d]` of each modality (none for the summary `"mean"`); the layers of each
 * modality; gain and offset `[d]` of the last norm.
 */
export type BottleneckAttentionParams<M extends string = string> = {
  readonly bottlenecks: Tensor;
  readonly tokens: Readonly<Record<string, Tensor>>;
  readonly layers: Readonly<Record<M, readonly AttentionLayerParams[]>>;
  readonly gain: Tensor;
  readonly offset: Tensor;
};

/**
 * Multimodal bottleneck transformer (Nagrani et al. 2021, "MBT", arXiv:2107.00135). Each modality m has a transformer
 * of its own. From layer `fusionLayer` on, the modalities exchange what passes through a few tokens that all of them
 * see. With z_m = [token_m; x_m], and for each layer:
 *
 *     z_m = layer_m(z_m)                                 before the fusion layer
 *     [b_m; z_m] = layer_m([b; z_m])                     from the fusion layer on
 *     b = mean over m of b_m                             the next layer's bottlenecks `[batch, B, d]`
 *
 *     layer(z):  a = attention(LN1(z)) + z               of several heads, with biases
 *                layer(z) = gelu(LN2(a) W1 + b1) W2 + b2 + a
 *
 *     h = mean over m of LN(z_m)[token]                  [batch, d]
 *
 * One linear readout of h gives the paper's mean of the logits of the modalities, because both are linear. This is the
 * authors' code (github.com/google-research/scenic, `projects/mbt`), without its positions and its stochastic depth:
 * add positions to `x` before. There, GELU is the approximation with tanh, and epsilon of the norms is 1e-6. The code
 * puts the bottlenecks after the sequence and has one more of them with class tokens. Bottlenecks are drawn from a
 * normal distribution with deviation 0.02; class tokens begin as zeros.
 *
 * The first fusion layer writes what the second one reads, so there are at least two.
 *
 * Steps that are missing or beyond the lengths have the weight 0. In a row that misses a modality, b and h are means
 * over the others; h is 0 if all are missing. `outputs` has the sequence LN(z_m) of each modality by name, `[batch,
 * time, d]`, 0 where it is not present. Traces: weights.m.0, weights.m.1, ..., of each layer, `[batch, heads, queries,
 * keys]`, before dropout, with the bottlenecks first, then the class token; bottlenecks.i after each fusion layer.
 */
export function bottleneckAttention<M extends string>(
  options: BottleneckAttentionOptions<M>,
): Fusion<BottleneckAttentionParams<M>, M>;
export function bottleneckAttention(options: BottleneckAttentionOptions<string>): Fusion<BottleneckAttentionParams> {
  const settings = checked(options);
  const { inputs, width, bottlenecks, layers, hidden, withTokens, kernelInitializer } = settings;
  const names = Object.keys(inputs);
  const tokens: Readonly<Record<string, ParameterSpec>> = withTokens ? byName(names, () => parameter([width])) : {};
  return defineFusion({
    name: "bottleneckAttention",
    inputs,
    features: width,
    params: {
      bottlenecks: parameter([bottlenecks, width], { initializer: randomNormal({ deviation: 0.02 }) }),
      tokens,
      layers: byName(names, () =>
        Array.from({ length: layers }, () => attentionLayerSpecs(width, hidden, kernelInitializer)),
      ),
      gain: gainSpec(width),
      offset: offsetSpec(width),
    },
    fuse(params, modalities, context) {
      const streams = names.map((name) => streamOf(modalities[name]!, params.tokens[name]));
      const encoded = encode(params, streams, settings, context).map((z) =>
        norm.apply({ gain: params.gain, bias: params.offset }, z),
      );
      const sequences = encoded.map((z, m) => {
        const { tokens: before, modality } = streams[m]!;
        const steps = sliceAxis(z, 1, before, z.shape[1] ?? before);
        return modality.present === undefined ? steps : select(modality.present, steps, 0);
      });
      const summaries = encoded.map((z, m) => ({ x: sliceAxis(z, 1, 0, 1), here: streams[m]!.here }));
      return {
        output: withTokens
          ? reshape(meanOverPresent(summaries), [streams[0]!.batch, width])
          : meanOverSteps(sequences, streams),
        outputs: byName(names, (_, m) => sequences[m]!),
      };
    },
  });
}

const norm = layerNorm({ epsilon: 1e-6 });

/** z_m of each modality after all layers. */
function encode(
  params: BottleneckAttentionParams,
  streams: readonly Stream[],
  { width, bottlenecks: B, layers, fusionLayer, heads, rates }: ReturnType<typeof checked>,
  { training, key, trace }: FuseContext,
): readonly Tensor[] {
  const layer = (i: number, m: number, z: Tensor, bottlenecks: number): Tensor => {
    const { name, batch, tokens, modality } = streams[m]!;
    return attentionLayer(params.layers[name]![i]!, z, z, {
      heads,
      norm,
      activation: (x) => gelu(x, { approximate: "tanh" }),
      mask: keysSeen(modality, batch, bottlenecks + tokens),
      dropped: (x, at) => (training ? droppedOut(x, rates[at], key(`${at}.${name}.${i}`)) : x),
      weights: (weights) => trace(`weights.${name}.${i}`, weights),
    });
  };
  let z = streams.map((stream) => stream.z);
  for (let i = 0; i < fusionLayer; i++) z = z.map((own, m) => layer(i, m, own, 0));
  const { batch } = streams[0]!;
  let b = broadcastTo(reshape(params.bottlenecks, [1, B, width]), [batch, B, width]);
  for (let i = fusionLayer; i < layers; i++) {
    const before = b;
    const both = z.map((own, m) => layer(i, m, concat([before, own], 1), B));
    z = both.map((own) => sliceAxis(own, 1, B, own.shape[1] ?? B));
    const written = both.map((own, m) => ({ x: sliceAxis(own, 1, 0, B), here: streams[m]!.here }));
    b = trace(`bottlenecks.${i}`, meanOverPresent(written));
  }
  return z;
}

/** A modality with its class token before it. */
interface Stream {
  readonly name: string;
  readonly modality: SeenModality;
  readonly batch: number;
  /** The number of class tokens: 1 or 0. */
  readonly tokens: number;
  /** `[batch, tokens + time, d]` */
  readonly z: Tensor;
  /** bool `[batch, 1, 1]`: whether the row has a step of the modality. Undefined if every row has. */
  readonly here: Tensor | undefined;
}

function streamOf(modality: SeenModality, token: Tensor | undefined): Stream {
  const { name, x, present } = modality;
  const [batch = 0, time = 0, width = 0] = x.shape;
  const here =
    time === 0
      ? full([batch, 1, 1], 0, "bool")
      : present && greater(sum(select(present, full(present.shape, 1), 0), 1, { keep: true }), 0);
  if (token === undefined) return { name, modality, batch, tokens: 0, z: x, here };
  const first = broadcastTo(reshape(token, [1, 1, width]), [batch, 1, width]);
  return { name, modality, batch, tokens: 1, z: concat([first, x], 1), here };
}

/** bool `[batch, 1, 1, before + time]`: all `before` keys, and the steps that are present. */
function keysSeen({ x, present }: SeenModality, batch: number, before: number): Tensor | undefined {
  if (present === undefined) return undefined;
  const time = x.shape[1] ?? 0;
  const steps = broadcastTo(reshape(present, [present.shape[0] ?? 1, 1, 1, present.shape[1] ?? 1]), [
    batch,
    1,
    1,
    time,
  ]);
  return before === 0 ? steps : concat([full([batch, 1, 1, before], 1, "bool"), steps], 3);
}

/** The mean of what the present modalities have; 0 in a row that has none. */
function meanOverPresent(given: readonly { readonly x: Tensor; readonly here: Tensor | undefined }[]): Tensor {
  const total = given.map(({ x, here }) => (here === undefined ? x : select(here, x, 0))).reduce(add);
  if (given.every(({ here }) => here === undefined)) return div(total, given.length);
  const counts = given.map(({ here }) => {
    const one = full([total.shape[0] ?? 0, 1, 1], 1, total.dtype);
    return here === undefined ? one : select(here, one, 0);
  });
  return div(total, max(counts.reduce(add), 1));
}

/** The mean over all present steps of all modalities, `[batch, d]`; 0 in a row without any. */
function meanOverSteps(sequences: readonly Tensor[], streams: readonly Stream[]): Tensor {
  const total = sequences.map((x) => sum(x, 1)).reduce(add);
  const counts = streams.map(({ modality: { x, present } }) => {
    const one = onesLike(sliceAxis(x, 2, 0, 1));
    return sum(present === undefined ? one : select(present, one, 0), 1);
  });
  return div(total, max(counts.reduce(add), 1));
}

const known = [
  "inputs",
  "bottlenecks",
  "layers",
  "fusionLayer",
  "heads",
  "hidden",
  "summary",
  "dropout",
  "attentionDropout",
  "kernelInitializer",
];

function checked(options: BottleneckAttentionOptions<string>) {
  const name = "bottleneckAttention";
  checkOptions(name, options, known, {
    nBottlenecks: "bottlenecks",
    depth: "layers",
    numLayers: "layers",
    numHeads: "heads",
    mlpDim: "hidden",
    classifier: "summary",
    pool: "summary",
  });
  const { bottlenecks = 4, layers = 2, fusionLayer = 0, heads = 1, summary = "token", kernelInitializer } = options;
  const inputs = sequenceInputs(name, options.inputs);
  checkSeveral(name, inputs);
  const width = commonWidth(name, inputs);
  for (const [option, value] of Object.entries({ bottlenecks, layers })) checkSize(name, option, value);
  const hidden = checkSize(name, "hidden", options.hidden ?? 4 * width);
  checkHeads(name, width, heads);
  if (!Number.isInteger(fusionLayer) || fusionLayer < 0 || fusionLayer > layers - 2)
    throw new TensorError(
      `${name}: fusionLayer must be an integer from 0 to layers - 2 (${layers - 2}), got ${shown(fusionLayer)}; one layer writes the bottlenecks and the next one reads them`,
    );
  if (summary !== "token" && summary !== "mean")
    throw new TensorError(
      `${name}: unknown summary ${String(summary)}; ${suggestion(String(summary), ["token", "mean"])}`,
    );
  const dropout = checkRate(name, "dropout", options.dropout);
  const attention = checkRate(name, "attentionDropout", options.attentionDropout);
  const rates = { attention, read: dropout, hidden: dropout, feedForward: dropout };
  const withTokens = summary === "token";
  return { inputs, width, bottlenecks, layers, fusionLayer, heads, hidden, withTokens, rates, kernelInitializer };
}

function commonWidth(fusion: string, inputs: Readonly<Record<string, ModalitySpec>>): number {
  const widths = Object.entries(inputs).map(([name, { width }]) => ({ name, width }));
  const [{ name, width } = { name: "", width: 0 }] = widths;
  const other = widths.find((one) => one.width !== width);
  if (other === undefined) return width;
  const got = `${width} for ${name} and ${other.width} for ${other.name}`;
  throw new TensorError(
    `${fusion}: all sequences must have one width, got ${got}; map them to one with encoders, such as conv1d`,
  );
}
