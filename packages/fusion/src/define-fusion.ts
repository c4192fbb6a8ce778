import type { Layer, LayerParams, NamedSpecs } from "@sluice/cells";
import {
  buffersOf,
  checkBuffers,
  checkParameters,
  initialTree,
  specsOf,
  type BufferSpecs,
  type ParamsOf,
  type Specs,
} from "@sluice/params";
import { isTensor, keyFor, TensorError, type DType, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { at, checkMade, checkOptions, checkTensor, isFloat, suggestion, zeroBeyond } from "@sluice/tensor/internal";
import type { FuseOptions, Fused, Fusion, FusionSize, ModalitySpec } from "./fusion.ts";
import { checkSize, inputsOf, type Inputs } from "./inputs.ts";
import { givenModalities, type GivenModality } from "./modalities.ts";
import { childOf } from "./part-options.ts";
import { longest, seen, stepwise, type SeenModality } from "./seen.ts";

/** A fusion as its equations. */
export interface FusionDefinition<
  D extends NamedSpecs,
  M extends string,
  X extends FusionParts = Record<never, never>,
> {
  readonly name: string;
  /** The modalities in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /**
   * Apply the equations to vectors, or at each step of aligned sequences. With sequences, a vector is repeated at every
   * step. Output and traces are 0 beyond the longest of the sequences. Default false.
   */
  readonly stepwise?: boolean;
  /** Whether all sequences share one time axis. Default: the value of `stepwise`. */
  readonly aligned?: boolean;
  /** Width of the output. */
  readonly features: number;
  /** The parameters' shapes and initializers. */
  readonly params: D;
  /**
   * Fusions and layers that the equations apply, each with `optionsOf(name)`. Their parameters stand beside the others,
   * each part's under its name, and so do their buffers.
   */
  readonly parts?: X;
  /**
   * The shape of the output. Default `[batch, features]`, or `[batch, time, features]` if `stepwise` fuses sequences.
   */
  outputShape?(size: FusionSize<M>): Shape;
  /** The equations. `x` is 0 where a modality is not present. */
  fuse(
    params: WeightsOf<D, X>,
    modalities: Readonly<Record<M, SeenModality>>,
    context: FuseContext<keyof X & string>,
  ): FusedByEquations<keyof X & string>;
}

/** What the equations of a fusion return. `N` are the names of its parts. */
export interface FusedByEquations<N extends string = string>
  extends Pick<Fused, "output">, Partial<Pick<Fused, "lengths" | "times" | "outputs">> {
  /** What `apply` of each part that has buffers returned as them: `{ audio: encoded.buffers }`. */
  readonly buffers?: Readonly<Partial<Record<N, Tree>>>;
}

/** What has parameters, and perhaps buffers, of its own: a fusion or a layer. */
export type FusionPart = Pick<Layer, "params" | "buffers" | "init" | "initialBuffers">;

/** Fusions and layers by name. */
export type FusionParts = Readonly<Record<string, FusionPart>>;

/** The parameters that specs describe, and those of the parts. */
export type WeightsOf<
  D extends NamedSpecs,
  X extends FusionParts = Record<never, never>,
> = (ParamsOf<D> extends infer P extends Tree ? P : never) & { readonly [N in keyof X]: ParamsOfPart<X[N]> };

/** The parameters of a fusion or a layer. */
export type ParamsOfPart<L> = LayerParams<L> extends infer P extends Tree ? P : never;

/** What the equations of a fusion get besides the modalities. `N` are the names of its parts. */
export interface FuseContext<N extends string = string> {
  readonly training: boolean;
  /** The random key of this name; undefined in evaluation, or if no key was given. */
  key(name: string): Tensor | undefined;
  /** Traces a value under a name, and returns it. */
  trace(name: string, value: Tensor): Tensor;
  /** What a part is applied with: whether it trains, the key of its name, and its buffers. */
  optionsOf(part: N): Pick<FuseOptions, "training" | "key"> & { readonly buffers: Tree };
}

/** A definition whose names TypeScript does not know. */
interface AnyDefinition extends Omit<FusionDefinition<never, string, FusionParts>, "params" | "fuse"> {
  readonly params: Readonly<Record<string, Specs>>;
  fuse(params: Tree, modalities: Readonly<Record<string, SeenModality>>, context: FuseContext): FusedByEquations;
}

/**
 * Makes a fusion from its equations. It checks parameters, modalities and options, and sets missing and padded values
 * to 0, so the equations need not. For example, where a vector scales and shifts every step of a sequence:
 *
 *     const modulation = defineFusion({
 *       name: "modulation",
 *       inputs: { signal: { kind: "sequence", width: 2 }, condition: 3 },
 *       stepwise: true,
 *       features: 2,
 *       params: { gamma: kernel([3, 2]), beta: kernel([3, 2]) },
 *       fuse: ({ gamma, beta }, { signal, condition }) => ({
 *         output: add(mul(matmul(condition.x, gamma), signal.x), matmul(condition.x, beta)),
 *       }),
 *     });
 */
export function defineFusion<D extends NamedSpecs, M extends string, X extends FusionParts = Record<never, never>>(
  definition: FusionDefinition<D, M, X>,
): Fusion<WeightsOf<D, X>, M>;
export function defineFusion(definition: AnyDefinition): Fusion {
  checkOptions("defineFusion", definition, [
    "name",
    "inputs",
    "stepwise",
    "aligned",
    "features",
    "params",
    "parts",
    "outputShape",
    "fuse",
  ]);
  const { parts = {} } = definition;
  const { name, stepwise: eachStep = false, aligned = eachStep } = definition;
  const inputs = inputsOf(name, definition.inputs);
  const features = checkSize(name, "features", definition.features);
  const params = allParams(definition, parts);
  const buffers = Object.fromEntries(Object.entries(parts).map(([of, part]) => [of, part.buffers]));
  return {
    name,
    inputs,
    aligned,
    features,
    params,
    buffers,
    init: (key, options) =>
      Object.fromEntries([
        ...childrenOf(initialTree(definition.params, key, options)),
        ...Object.entries(parts).map(([of, part]): [string, Tree] => [of, part.init(keyFor(key, of), options)]),
      ]),
    initialBuffers: (options) =>
      Object.fromEntries(Object.entries(parts).map(([of, part]) => [of, part.initialBuffers(options)])),
    outputShape:
      definition.outputShape ??
      ((size) => {
        const sequence = eachStep ? sequencesOf(inputs)[0] : undefined;
        return sequence === undefined ? [size.batch, features] : [size.batch, timeOf(name, sequence, size), features];
      }),
    apply(weights, modalities, options = {}) {
      checkFuseOptions(name, options);
      const given = givenModalities({ name, inputs, aligned }, modalities);
      const float = given.find(({ x }) => isFloat(x.dtype))?.x;
      checkParameters(name, params, weights, float);
      checkBuffers(name, buffers, options.buffers, float?.dtype ?? "f32");
      const fused = eachStep
        ? fuseSteps(definition, weights, given, options)
        : fuse(definition, weights, given.map(seen), options);
      return { ...fused, buffers: buffersAfter(name, buffers, fused.buffers, options, float?.dtype ?? "f32") };
    },
  };
}

/** The specs of a fusion and, under their names, of its parts. */
function allParams({ name, params }: Pick<AnyDefinition, "name" | "params">, parts: FusionParts): NamedSpecs {
  for (const [of, part] of Object.entries(parts)) {
    const made = { params: "object", buffers: "object", init: "function", initialBuffers: "function" } as const;
    checkMade(name, `part ${of}`, part, made, "gmu({ inputs, output })");
    if (Object.hasOwn(params, of)) throw new TensorError(`${name}: ${of} is a parameter and a part; rename one`);
  }
  const all = { ...params, ...Object.fromEntries(Object.entries(parts).map(([of, part]) => [of, part.params])) };
  specsOf(all);
  return all;
}

/** The buffers of all parts for the next step: what the equations returned in training, and otherwise those given. */
function buffersAfter(
  name: string,
  specs: Readonly<Record<string, BufferSpecs>>,
  returned: FusedByEquations["buffers"] = {},
  { training = false, buffers: before = {} }: FuseOptions,
  float: DType,
): Tree {
  if (!training) return before;
  const after = Object.fromEntries(
    Object.entries(specs).map(([of, own]): [string, Tree] => {
      const given = returned[of];
      if (given === undefined && buffersOf(own).length > 0)
        throw new TensorError(
          `${name}: the equations return no buffers of the part ${of}, which has some; return { output, buffers: { ${of}: applied.buffers } }`,
        );
      return [of, given ?? {}];
    }),
  );
  checkBuffers(`${name}: what the equations return`, specs, after, float);
  return after;
}

const keyOption = (key: Tensor | undefined): { readonly key?: Tensor } => (key === undefined ? {} : { key });

const childrenOf = (tree: Tree): [string, Tree][] => (isTensor(tree) ? [] : Object.entries<Tree>(tree));

function fuse(
  { name, fuse: equations }: Pick<AnyDefinition, "name" | "fuse">,
  weights: Tree,
  modalities: readonly SeenModality[],
  options: FuseOptions,
  shown: (value: Tensor) => Tensor = (value) => value,
): FusedAndTraces {
  const { training = false, key, buffers = {} } = options;
  const keyOf = (of: string): Tensor | undefined => (training && key !== undefined ? keyFor(key, of) : undefined);
  const { traces, trace, check } = tracing(name, options, shown);
  const fused = at(name, () =>
    equations(weights, Object.fromEntries(modalities.map((modality) => [modality.name, modality])), {
      training,
      key: keyOf,
      trace,
      optionsOf: (part) => ({ training, ...keyOption(keyOf(part)), buffers: childOf(buffers, part) }),
    }),
  );
  check();
  return { outputs: {}, ...fused, traces };
}

/** A result whose buffers are still the equations' own. */
type FusedAndTraces = Omit<Fused, "buffers"> & Pick<FusedByEquations, "buffers">;

/** The equations at each step of aligned sequences, and 0 beyond the longest of them. */
function fuseSteps(
  definition: AnyDefinition,
  weights: Tree,
  given: readonly GivenModality[],
  options: FuseOptions,
): FusedAndTraces {
  const modalities = stepwise(given);
  const lengths = longest(modalities.filter((_, i) => given[i]?.spec.kind === "sequence"));
  const times = modalities.find((modality) => modality.times !== undefined)?.times;
  const shown = (value: Tensor): Tensor =>
    lengths === undefined ? value : zeroBeyond(value, lengths, { batch: 0, time: 1 });
  const { output, outputs, buffers, traces } = fuse(definition, weights, modalities, options, shown);
  return {
    output: shown(output),
    outputs: Object.fromEntries(Object.entries(outputs).map(([of, value]) => [of, shown(value)])),
    ...(lengths && { lengths }),
    ...(times && { times }),
    ...(buffers && { buffers }),
    traces,
  };
}

/** Names of the modalities that are sequences. */
export const sequencesOf = (inputs: Readonly<Record<string, ModalitySpec>>): string[] =>
  Object.keys(inputs).filter((name) => inputs[name]?.kind === "sequence");

/** The number of steps of a sequence, for `outputShape`. */
export function timeOf(fusion: string, modality: string, size: FusionSize): number {
  const time = size.time?.[modality];
  if (time !== undefined) return time;
  throw new TensorError(
    `${fusion}.outputShape: the number of steps of ${modality} is missing; give { batch, time: { ${modality}: 20 } }`,
  );
}

export function checkFuseOptions(fusion: string, options: FuseOptions): void {
  checkOptions(`${fusion}.apply`, options, ["training", "key", "buffers", "traces"], {
    rng: "key",
    seed: "key",
    trace: "traces",
  });
  if (options.key !== undefined) checkTensor(`${fusion}.apply`, "key", options.key);
}

/** Collects the requested traces; `check` throws if one of them was never traced. */
function tracing(name: string, { traces: wanted = false }: FuseOptions, shown: (value: Tensor) => Tensor) {
  const traces: Record<string, Tensor> = {};
  const known: string[] = [];
  return {
    traces,
    trace(of: string, value: Tensor): Tensor {
      known.push(of);
      if (typeof wanted === "boolean" ? wanted : wanted.includes(of)) traces[of] = shown(value);
      return value;
    },
    check(): void {
      const strange = typeof wanted === "boolean" ? undefined : wanted.find((of) => !known.includes(of));
      if (strange !== undefined) throw new TensorError(`${name}: no trace ${strange}; ${suggestion(strange, known)}`);
    },
  };
}
