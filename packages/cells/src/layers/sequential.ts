import { keyFor, TensorError, type Tree } from "@sluice/tensor";
import { at, checkList, checkOptions, showShape } from "@sluice/tensor/internal";
import { childOf } from "../cell/context.ts";
import { checkLayer } from "./check-layer.ts";
import { joinExtras } from "../cell/inputs.ts";
import { type BufferSpecs, checkBuffers, checkParameters, type Specs } from "@sluice/params";
import { floatOf } from "../cell/states.ts";
import { checkRate } from "../options/rate.ts";
import { checkApply } from "./apply-options.ts";
import { beginOf, checkStates, partOf } from "./given-states.ts";
import { dropout } from "./dropout.ts";
import { checkNested, optionsOf } from "./nested.ts";
import { asMade, type ApplyOptions, type Layer, type LayerParams, type LayerState } from "./layer.ts";
import { type Applied } from "../cell/over-time.ts";

/** Options of {@link sequential}. */
export interface SequentialOptions {
  /**
   * Rate of dropout of the output of every layer but the last, with a fresh mask at each step, as in PyTorch. Default
   * 0.
   */
  readonly dropout?: number;
}

export interface SequentialLayer<P extends Tree = Tree, S extends Tree = Tree> extends Layer<P, S> {
  readonly kind: "sequential";
  readonly layers: readonly Layer[];
}

type ParamsOfLayers<L extends readonly Layer[]> = {
  readonly [I in keyof L]: LayerParams<L[I]> extends infer P extends Tree ? P : never;
};
type StatesOfLayers<L extends readonly Layer[]> = {
  readonly [I in keyof L]: LayerState<L[I]> extends infer S extends Tree ? S : never;
};

/**
 * Layers one after the other: a deep recurrent network, or a whole model with a {@link dense} readout at the end.
 * Parameters and states are lists in the order of the layers; lengths, masks, resets and extra inputs reach every layer
 * that runs over time.
 */
export function sequential<const L extends readonly Layer[]>(
  layers: L,
  options?: SequentialOptions,
): SequentialLayer<ParamsOfLayers<L>, StatesOfLayers<L>>;
export function sequential(layers: readonly Layer[], options: SequentialOptions = {}): SequentialLayer {
  checkOptions("sequential", options, ["dropout"]);
  checkList("sequential", "the list of layers", layers, "[sequence(cell), dense({ input, output })]");
  layers.forEach((layer, i) => checkLayer("sequential", `layer ${i}`, layer));
  const rate = checkRate("sequential", "dropout", options.dropout ?? 0, { below: true });
  const first = layers[0];
  const last = layers.at(-1);
  if (first === undefined || last === undefined) throw new TensorError("sequential: expected at least one layer");
  layers.forEach((layer, i) => {
    const before = layers[i - 1];
    if (before === undefined) return;
    if (layer.x !== undefined && (layer.x.shape.length !== 1 || (layer.x.dtype ?? "f32") !== "f32"))
      throw new TensorError(
        `sequential: layer ${i} (${layer.name}) takes ${layer.x.dtype ?? "f32"} ${showShape(layer.x.shape)} a step, so no layer can stand before it`,
      );
    if (before.features === layer.input) return;
    throw new TensorError(
      `sequential: layer ${i} (${layer.name}) takes ${layer.input} features, but layer ${i - 1} (${before.name}) gives ${before.features}`,
    );
  });
  const outputShape: Layer["outputShape"] = (size) => {
    let shape = [size.batch, ...(size.time === undefined ? [] : [size.time]), first.input];
    layers.forEach((layer, i) => {
      const [batch, time] = shape.length > 2 ? shape : [shape[0], undefined];
      shape = at(`sequential.${i}`, () => [
        ...layer.outputShape({ batch: batch!, ...(time === undefined ? {} : { time }) }),
      ]);
    });
    return shape;
  };
  outputShape({ batch: 1, time: 1 });
  const params: Specs = layers.map((layer) => layer.params);
  const buffers: BufferSpecs = layers.map((layer) => layer.buffers);
  const initialState: Layer["initialState"] = (batch, stateOptions) => {
    const { dtype, params: weights } = beginOf("sequential.initialState", stateOptions);
    return layers.map((layer, i) =>
      layer.initialState(batch, {
        dtype,
        ...(weights === undefined ? {} : { params: partOf(weights, String(i), "parameters") }),
      }),
    );
  };

  return asMade({
    kind: "sequential",
    name: "sequential",
    layers,
    input: first.input,
    ...(first.x && { x: first.x }),
    features: last.features,
    params,
    buffers,
    extra: joinExtras(
      "sequential",
      layers.map(({ extra }) => extra),
    ),
    init: (key, initOptions) => layers.map((layer, i) => layer.init(keyFor(key, String(i)), initOptions)),
    initialBuffers: (bufferOptions) => layers.map((layer) => layer.initialBuffers(bufferOptions)),
    initialState,
    perturbations: (size, stateOptions) => layers.map((layer) => layer.perturbations(size, stateOptions)),
    outputShape,
    apply(weights, x, given = {}): Applied {
      checkApply("sequential", given);
      checkNested(
        "sequential",
        given,
        layers.map((_, i) => String(i)),
      );
      checkParameters("sequential", params, weights, x);
      checkBuffers("sequential", buffers, given.buffers, floatOf(x, weights));
      checkStates("sequential", given, initialState(x.shape[0]!, { dtype: floatOf(x, weights), params: weights }));
      const applied: Applied[] = [];
      let output = x;
      layers.forEach((layer, i) => {
        const result = at(`sequential.${i}`, () =>
          layer.apply(partOf(weights, String(i), "parameters"), output, optionsAt(i, output, given)),
        );
        applied.push(result);
        const dropped = given.training === true && i < layers.length - 1;
        output = dropped ? dropout(result.output, rate, given.key && keyFor(given.key, `dropout.${i}`)) : result.output;
      });
      return {
        output,
        state: applied.map(({ state }) => state),
        carry: applied.map(({ carry }) => carry),
        buffers: applied.map(({ buffers: after }) => after),
        traces: Object.fromEntries(
          applied.flatMap(({ traces }, i) => Object.entries(traces).map(([name, value]) => [`${i}.${name}`, value])),
        ),
      };
    },
  });
}

/** Once the time axis is gone, what is given per step concerns no layer any more. */
function optionsAt(i: number, x: { readonly shape: readonly number[] }, given: ApplyOptions): ApplyOptions {
  const { state, resetState, buffers, ...shared } = given;
  const { lengths, mask, present, resets, extra, carryAfter, ...rest } = optionsOf(String(i), shared);
  const perStep = {
    ...(lengths && { lengths }),
    ...(mask && { mask }),
    ...(present && { present }),
    ...(resets && { resets }),
    ...(extra && { extra }),
    ...(carryAfter && { carryAfter }),
  };
  return {
    ...rest,
    ...(x.shape.length < 3 ? {} : perStep),
    ...(buffers === undefined ? {} : { buffers: childOf(buffers, String(i)) }),
    ...(state === undefined ? {} : { state: partOf(state, String(i), "state") }),
    ...(resetState === undefined ? {} : { resetState: partOf(resetState, String(i), "resetState") }),
  };
}
