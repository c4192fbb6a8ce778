import { keyFor, TensorError, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { at, checkKey, checkList, checkOptions, showShape } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
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
import {
  asMade,
  type ApplyOptions,
  type InitialStateOptions,
  type Layer,
  type LayerParams,
  type LayerState,
} from "./layer.ts";
import type { Applied } from "../cell/over-time.ts";

/** Options of {@link sequential}. */
export interface SequentialOptions {
  /**
   * Dropout rate for the output of every layer except the last, with a fresh mask at each step, as in PyTorch. Default
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
  const [first, last] = [layers[0], layers.at(-1)];
  if (first === undefined || last === undefined) throw new TensorError("sequential: expected at least one layer");
  checkChain(layers);
  const outputShape = outputShapeOf(layers, first.input);
  outputShape({ batch: 1, time: 1 });
  const whole = layers.find((layer) => layer.whole !== undefined);
  return asMade({
    kind: "sequential",
    name: "sequential",
    layers,
    input: first.input,
    ...(first.x && { x: first.x }),
    ...(whole && { whole: `layer ${layers.indexOf(whole)} (${whole.name}): ${whole.whole}` }),
    ...(layers.some(({ ownSteps }) => ownSteps === true) && { ownSteps: true }),
    features: last.features,
    params: layers.map(({ params }) => params),
    buffers: layers.map(({ buffers }) => buffers),
    extra: joinExtras(
      "sequential",
      layers.map(({ extra }) => extra),
    ),
    init(key, initOptions) {
      checkKey("init", key);
      return layers.map((layer, i) => layer.init(keyFor(key, String(i)), initOptions));
    },
    initialBuffers: (bufferOptions) => layers.map((layer) => layer.initialBuffers(bufferOptions)),
    initialState: (batch, stateOptions) => initialStates(layers, batch, stateOptions),
    perturbations: (size, stateOptions) => layers.map((layer) => layer.perturbations(size, stateOptions)),
    outputShape,
    apply: (weights, x, given = {}) => applyChain(layers, rate, weights, x, given),
  });
}

/** An error where a layer does not take what the one before it gives. */
function checkChain(layers: readonly Layer[]): void {
  layers.forEach((layer, i) => {
    const before = layers[i - 1];
    if (before === undefined) return;
    if (layer.x !== undefined && (layer.x.shape.length !== 1 || (layer.x.dtype ?? "f32") !== "f32"))
      throw new TensorError(
        `sequential: layer ${i} (${layer.name}) takes ${layer.x.dtype ?? "f32"} ${showShape(layer.x.shape)} per step, so no layer can come before it`,
      );
    if (before.features === layer.input) return;
    throw new TensorError(
      `sequential: layer ${i} (${layer.name}) takes ${layer.input} features, but layer ${i - 1} (${before.name}) gives ${before.features}`,
    );
  });
}

function outputShapeOf(layers: readonly Layer[], input: number): Layer["outputShape"] {
  return ({ batch, time }) => {
    const start: Shape = [batch, ...(time === undefined ? [] : [time]), input];
    return layers.reduce((shape, layer, i) => {
      const steps = shape.length > 2 ? shape[1] : undefined;
      return at(`sequential.${i}`, () => layer.outputShape({ batch, ...(steps === undefined ? {} : { time: steps }) }));
    }, start);
  };
}

function initialStates(layers: readonly Layer[], batch: number, options?: InitialStateOptions): Tree[] {
  const { dtype, params } = beginOf("sequential.initialState", options);
  return layers.map((layer, i) =>
    layer.initialState(batch, {
      dtype,
      ...(params === undefined ? {} : { params: partOf(params, String(i), "parameters") }),
    }),
  );
}

function applyChain(layers: readonly Layer[], rate: number, weights: Tree, x: Tensor, given: ApplyOptions): Applied {
  checkGiven(layers, weights, x, given);
  const applied: Applied[] = [];
  let output = x;
  layers.forEach((layer, i) => {
    const sameSteps = output.shape.length >= 3 && !layers.slice(0, i).some(({ ownSteps }) => ownSteps === true);
    const result = at(`sequential.${i}`, () =>
      layer.apply(partOf(weights, String(i), "parameters"), output, optionsAt(i, given, { sameSteps })),
    );
    applied.push(result);
    const dropped = given.training === true && i < layers.length - 1;
    output = dropped ? dropout(result.output, rate, given.key && keyFor(given.key, `dropout.${i}`)) : result.output;
  });
  return {
    output,
    state: applied.map(({ state }) => state),
    carry: applied.map(({ carry }) => carry),
    buffers: applied.map(({ buffers }) => buffers),
    traces: Object.fromEntries(
      applied.flatMap(({ traces }, i) => Object.entries(traces).map(([name, value]) => [`${i}.${name}`, value])),
    ),
  };
}

function checkGiven(layers: readonly Layer[], weights: Tree, x: Tensor, given: ApplyOptions): void {
  checkApply("sequential", given);
  checkNested(
    "sequential",
    given,
    layers.map((_, i) => String(i)),
  );
  const params: Specs = layers.map((layer) => layer.params);
  const buffers: BufferSpecs = layers.map((layer) => layer.buffers);
  const dtype = floatOf(x, weights);
  checkParameters("sequential", params, weights, x);
  checkBuffers("sequential", buffers, given.buffers, dtype);
  checkStates("sequential", given, initialStates(layers, axisSize(x, 0), { dtype, params: weights }));
}

/** Once the steps of the input are gone, options about them apply to no further layer. */
function optionsAt(i: number, given: ApplyOptions, { sameSteps }: { readonly sameSteps: boolean }): ApplyOptions {
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
    ...(sameSteps ? perStep : {}),
    ...(buffers === undefined ? {} : { buffers: childOf(buffers, String(i)) }),
    ...(state === undefined ? {} : { state: partOf(state, String(i), "state") }),
    ...(resetState === undefined ? {} : { resetState: partOf(resetState, String(i), "resetState") }),
  };
}
