import type { ApplyOptions, Layer } from "@sluice/cells";
import { type BufferSpecs, checkBuffers, checkParameters, type Specs } from "@sluice/params";
import { keyFor, TensorError, type Tree } from "@sluice/tensor";
import { checkKey, checkMade, checkOptions, hasMembers, isFloat, shown, zeroBeyond } from "@sluice/tensor/internal";
import { checkFuseOptions, sequencesOf, timeOf, type FusionPart, type ParamsOfPart } from "./define-fusion.ts";
import { encodeAll, inputOf } from "./encoders.ts";
import type { Fused, Fusion, FusionSize } from "./fusion.ts";
import { givenModalities } from "./modalities.ts";
import { checkTraces, optionsOf, tracesOf } from "./part-options.ts";

/** Options of {@link multimodal}. */
export interface MultimodalOptions<
  E extends Readonly<Record<string, Layer>>,
  F extends Fusion,
  R extends Layer | undefined = undefined,
> {
  /** Layers by modality. A modality without an encoder is passed to the fusion unchanged. */
  readonly encoders: E;
  /** Fuses the modalities. */
  readonly fusion: F;
  /** A layer over the fusion's output. Default: none. */
  readonly readout?: R;
}

/** The parameters of {@link multimodal}, by part. `readout` is `{}` if there is none. */
export type MultimodalParams<
  E extends Readonly<Record<string, Layer>>,
  F extends Fusion,
  R extends Layer | undefined = undefined,
> = {
  readonly encoders: { readonly [N in keyof E]: ParamsOfPart<E[N]> };
  readonly fusion: ParamsOfPart<F>;
  readonly readout: R extends Layer ? ParamsOfPart<R> : Readonly<Record<never, never>>;
};

/** The names of the modalities of a fusion. */
type NamesOf<F extends Fusion> = keyof F["inputs"] & string;

type AnyParams = {
  readonly encoders: Readonly<Record<string, Tree>>;
  readonly fusion: Tree;
  readonly readout: Tree;
};

/**
 * A model of several modalities: a layer encodes each of them, a fusion combines them, and a readout layer maps the
 * result to the output.
 *
 *     const model = multimodal({
 *       encoders: { audio: sequence(gru({ input: 3, hidden: 8 }), { outputs: "last" }) },
 *       fusion: gmu({ inputs: { audio: 8, pose: 5 }, output: 6 }),
 *       readout: dense({ input: 6, output: 2 }),
 *     });
 *
 * Each encoder uses the lengths of its modality and skips rows and steps that are not present. If the fusion takes a
 * vector, the encoder of a sequence must output one (`outputs: "last"`); a row without any step then counts as missing.
 * Times are passed on to the fusion.
 *
 * The model is itself a fusion of the encoders' inputs, so models can be nested. Parameters, keys and traces have the
 * names of their parts: `encoders.audio`, `fusion` and `readout`.
 */
export function multimodal<
  const E extends Readonly<Record<string, Layer>>,
  F extends Fusion,
  R extends Layer | undefined = undefined,
>(options: MultimodalOptions<E, F, R>): Fusion<MultimodalParams<E, F, R>, NamesOf<F>>;
export function multimodal(
  options: MultimodalOptions<Readonly<Record<string, Layer>>, Fusion, Layer | undefined>,
): Fusion<AnyParams> {
  const { encoders, fusion, readout } = checked(options);
  const inputs = Object.fromEntries(
    Object.entries(fusion.inputs).map(([name, spec]) => [name, inputOf(name, encoders[name], spec)]),
  );
  const names = Object.keys(encoders);
  const all = { encoders, fusion, readout };
  const params = ofParts<Specs>(all, (part) => part.params);
  const buffers = ofParts<BufferSpecs>(all, (part) => part.buffers);
  const fusedShape = (size: FusionSize) =>
    fusion.outputShape({
      batch: size.batch,
      time: Object.fromEntries(sequencesOf(fusion.inputs).map((name) => [name, timeOf("multimodal", name, size)])),
    });
  const parts = [...names.map((name) => `encoders.${name}`), "fusion", ...(readout === undefined ? [] : ["readout"])];

  return {
    name: "multimodal",
    inputs,
    aligned: fusion.aligned && sequencesOf(fusion.inputs).length > 0,
    features: readout?.features ?? fusion.features,
    params,
    buffers,
    init(key, options) {
      checkKey("init", key);
      return ofParts<Tree>(all, (part, name) => part.init(keyFor(key, name), options));
    },
    initialBuffers: (options) => ofParts<Tree>(all, (part) => part.initialBuffers(options)),
    outputShape(size) {
      const shape = fusedShape(size);
      if (readout === undefined) return shape;
      const [batch = 0, time] = shape;
      return readout.outputShape(shape.length === 3 && time !== undefined ? { batch, time } : { batch });
    },
    apply(weights, modalities, options = {}) {
      checkFuseOptions("multimodal", options);
      checkTraces("multimodal", options, parts);
      const given = givenModalities({ name: "multimodal", inputs, aligned: false }, modalities);
      const float = given.find(({ x }) => isFloat(x.dtype))?.x;
      checkParameters("multimodal", params, weights, float);
      checkBuffers("multimodal", buffers, options.buffers, float?.dtype ?? "f32");
      const { encoded, traces, buffers: ofEncoders } = encodeAll(encoders, weights.encoders, given, options);
      const fused = fusion.apply(weights.fusion, encoded, optionsOf("fusion", options));
      Object.assign(traces, tracesOf("fusion", fused.traces));
      const after = { encoders: ofEncoders, fusion: fused.buffers };
      if (readout === undefined) return { ...fused, buffers: { ...after, readout: {} }, traces };
      const read = readOut(readout, weights.readout, fused, optionsOf("readout", options));
      return {
        ...read,
        buffers: { ...after, readout: read.buffers },
        traces: { ...traces, ...tracesOf("readout", read.traces) },
      };
    },
  };
}

/** Calls `f` for every part, with its name, such as `encoders.audio`; the results are nested like the model. */
function ofParts<T>(
  {
    encoders,
    fusion,
    readout,
  }: { encoders: Readonly<Record<string, FusionPart>>; fusion: FusionPart; readout: FusionPart | undefined },
  f: (part: FusionPart, name: string) => T,
): { encoders: Readonly<Record<string, T>>; fusion: T; readout: T | Readonly<Record<never, never>> } {
  return {
    encoders: Object.fromEntries(Object.entries(encoders).map(([name, layer]) => [name, f(layer, `encoders.${name}`)])),
    fusion: f(fusion, "fusion"),
    readout: readout === undefined ? {} : f(readout, "readout"),
  };
}

function checked(options: MultimodalOptions<Readonly<Record<string, Layer>>, Fusion, Layer | undefined>) {
  checkOptions("multimodal", options, ["encoders", "fusion", "readout"], { encoder: "encoders", head: "readout" });
  const { encoders, fusion, readout } = options;
  checkMade(
    "multimodal",
    "fusion",
    fusion,
    { inputs: "object", params: "object", init: "function", outputShape: "function", apply: "function" },
    "gmu({ inputs, output })",
  );
  checkOptions("multimodal: encoders", encoders, Object.keys(fusion.inputs));
  for (const [name, layer] of [...Object.entries(encoders), ["readout", readout] as const])
    if (layer !== undefined || name !== "readout") checkLayer(name, layer);
  if (readout !== undefined && readout.input !== fusion.features)
    throw new TensorError(
      `multimodal: readout (${readout.name}) takes ${readout.input} features, but the fusion (${fusion.name}) gives ${fusion.features}`,
    );
  return { encoders, fusion, readout };
}

function checkLayer(name: string, layer: unknown): void {
  if (hasMembers(layer, { params: "object", init: "function", outputShape: "function", apply: "function" })) return;
  const fix = hasMembers(layer, { step: "function" }) ? ": this is a cell; run it over time with sequence(cell)" : "";
  throw new TensorError(
    `multimodal: ${name} is ${shown(layer)}, expected a layer, such as sequence(cell) or dense({ input, output })${fix}`,
  );
}

function readOut(layer: Layer, weights: Tree, fused: Fused, options: ApplyOptions): Fused {
  const { lengths, times, ...rest } = fused;
  const over = fused.output.shape.length === 3 && lengths !== undefined ? { lengths } : {};
  const { output, buffers, traces } = layer.apply(weights, fused.output, { ...options, ...over });
  if (output.shape.length < 3) return { ...rest, output, buffers, traces };
  const within = lengths === undefined ? output : zeroBeyond(output, lengths, { batch: 0, time: 1 });
  return { ...rest, ...(lengths && { lengths }), ...(times && { times }), output: within, buffers, traces };
}
