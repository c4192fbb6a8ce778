import type { ReversibleNormalizer } from "@sluice/norm";
import { checkBuffers, checkParameters, initialize, parameter, type Specs } from "@sluice/params";
import {
  and,
  expand,
  greater,
  iota,
  keyFor,
  less,
  reshape,
  select,
  sum,
  convert,
  take,
  TensorError,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkIntegers, checkMade, checkOptions } from "@sluice/tensor/internal";
import { batchAndTime } from "../cell/axes.ts";
import type { Applied } from "../cell/over-time.ts";
import { floatOf } from "../cell/states.ts";
import { checkApply } from "./apply-options.ts";
import { checkLayer } from "./check-layer.ts";
import { beginOf, partOf } from "./given-states.ts";
import { asMade, checkInput, type ApplyOptions, type Layer } from "./layer.ts";
import { flagsOf, lookedAt, stepsOf } from "./looked-at.ts";
import { repeatMasked } from "./repeat-masked.ts";

/** Options of {@link reversible}. */
export interface ReversibleOptions {
  /**
   * Which features of the input the layer's outputs are, by index. Its outputs may be several steps ahead side by side,
   * `[k * targets]`. Default: all features, in order.
   */
  readonly targets?: readonly number[];
}

/** Parameters of {@link reversible}: those of the layer within, and of the normalizer. */
export type ReversibleParams<P extends Tree> = { readonly layer: P; readonly norm: Readonly<Record<string, Tensor>> };

export interface ReversibleLayer<P extends Tree = Tree, S extends Tree = Tree> extends Layer<ReversibleParams<P>, S> {
  readonly kind: "reversible";
  readonly layer: Layer<P, S>;
  readonly norm: ReversibleNormalizer;
}

/**
 * A layer that forecasts, around which each series is normalized by its own statistics, and the forecast is brought
 * back to the series' scale: `reversible(model, revIn())` (RevIN, Kim et al. 2022).
 *
 * The statistics are those of the steps that the row takes in this call, neither masked nor beyond its length; a row
 * that takes none outputs zeros. They need the whole series, so a stream refuses the layer, and so do `resets`, which
 * would mix the statistics of the sequences of a row. A `state` that is carried from another window was reached at the
 * scale of that window.
 *
 * States, buffers, extra inputs, traces and perturbations are the layer's. Throws a TensorError where the layer does
 * not read floats `[input]`, or its outputs are not as wide as the targets, or a multiple.
 */
export function reversible<P extends Tree, S extends Tree>(
  layer: Layer<P, S>,
  norm: ReversibleNormalizer,
  options?: ReversibleOptions,
): ReversibleLayer<P, S>;
export function reversible(layer: Layer, norm: ReversibleNormalizer, options: ReversibleOptions = {}): ReversibleLayer {
  checkOptions("reversible", options, ["targets"], { features: "targets", columns: "targets" });
  checkLayer("reversible", "the layer", layer);
  const functions = { params: "function", normalize: "function", denormalize: "function" };
  checkMade("reversible", "the normalizer", norm, functions, "revIn()");
  const { targets } = options;
  checkTargets(layer, targets);
  const normSpecs = Object.fromEntries(
    Object.entries(norm.params(layer.input)).map(([parameterName, { shape, initializer }]) => [
      parameterName,
      parameter(shape, { role: "norm", initializer }),
    ]),
  );
  const specs: Specs = { layer: layer.params, norm: normSpecs };
  const name = `reversible(${layer.name})`;
  return asMade({
    kind: "reversible",
    name,
    layer,
    norm,
    input: layer.input,
    features: layer.features,
    params: specs,
    buffers: layer.buffers,
    extra: layer.extra,
    init: (key, initOptions) => ({
      layer: layer.init(keyFor(key, "layer"), initOptions),
      norm: initialize(normSpecs, keyFor(key, "norm"), initOptions),
    }),
    initialBuffers: (bufferOptions) => layer.initialBuffers(bufferOptions),
    initialState(batch, stateOptions) {
      const { dtype, params } = beginOf(`${name}.initialState`, stateOptions);
      return layer.initialState(batch, {
        dtype,
        ...(params === undefined ? {} : { params: partOf(params, "layer", "parameters") }),
      });
    },
    perturbations: (size, stateOptions) => layer.perturbations(size, stateOptions),
    outputShape: (size) => layer.outputShape(size),
    apply(params, x, given = {}) {
      checkInput(layer, x);
      checkApply(name, given);
      checkParameters(name, specs, params, x);
      checkBuffers(name, layer.buffers, given.buffers, floatOf(x, params));
      if (given.resets !== undefined)
        throw new TensorError(
          `${name}: resets begin other sequences within a row, whose statistics would be mixed; give each sequence a row of its own`,
        );
      return applied(layer, norm, targets, params, x, given);
    },
  });
}

function applied(
  layer: Layer,
  norm: ReversibleNormalizer,
  targets: readonly number[] | undefined,
  params: ReversibleParams<Tree>,
  x: Tensor,
  given: ApplyOptions,
): Applied {
  const size = batchAndTime(x);
  const steps = stepsOf(layer.name, given, size);
  const within = steps && less(iota([1, size.time], { axis: 1 }), reshape(steps, [size.batch, 1]));
  const mask = given.mask && flagsOf(layer.name, "mask", given.mask, size);
  const taken = within === undefined || mask === undefined ? (within ?? mask) : and(within, mask);
  const { output: normalized, statistics } = norm.normalize(params.norm, x, taken);
  const result = layer.apply(params.layer, normalized, given);
  const last = result.output.shape.length === 2;
  const outputs = last ? expand(result.output, 1) : result.output;
  const forecast = norm.denormalize(params.norm, outputs, statistics, targets);
  if (!last) return { ...result, output: repeatMasked(layer.name, lookedAt(layer.name, forecast, given), given) };
  const output = take(forecast, 0, 1);
  if (taken === undefined) return { ...result, output };
  const any = greater(sum(convert(taken, "i32"), 1, { keep: true }), 0);
  return { ...result, output: select(any, output, 0) };
}

function checkTargets(layer: Layer, targets: readonly number[] | undefined): void {
  const { name, input, features, x } = layer;
  if (x !== undefined && (x.shape.length !== 1 || (x.dtype ?? "f32") !== "f32"))
    throw new TensorError(`reversible: ${name} reads ${x.dtype ?? "f32"} [${x.shape.join(", ")}], not floats [input]`);
  if (targets !== undefined) checkIntegers("reversible", "targets", targets);
  const wrong = targets?.find((feature) => feature < 0 || feature >= input);
  if (wrong !== undefined)
    throw new TensorError(`reversible: targets must be features from 0 to ${input - 1} of the input, got ${wrong}`);
  const count = targets === undefined ? input : targets.length;
  if (count > 0 && features % count === 0) return;
  throw new TensorError(
    `reversible: ${name} gives ${features} features, which are not ${count} of the input's, or as many for each of several steps ahead; give { targets }, the features of the input that it forecasts`,
  );
}
