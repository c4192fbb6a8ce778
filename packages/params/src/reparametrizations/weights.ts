import { isTensor, keyFor, leavesOf, mapTree, stopGradient, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, isFloat, sameShape, showShape } from "@sluice/tensor/internal";
import { checkBuffers } from "../buffers.ts";
import { checkParameters } from "../check-parameters.ts";
import type { Specs } from "../parameter.ts";
import { isSpec, weightLeaves, zipSpecs } from "../specs.ts";
import { lastOf, type ReparametrizedSpec } from "./reparametrization.ts";
import { weightBuffers } from "./weight-buffers.ts";

/** Options for making weights from parameters. */
export interface WeightsOptions {
  /** Default false: evaluation, without randomness. */
  readonly training?: boolean;
  /** For what draws in training, such as DropConnect. Each weight draws from a key of its own path. */
  readonly key?: Tensor | undefined;
  /** Needed where weights have buffers, such as those of spectral normalization: nested as {@link weightBuffers}. */
  readonly buffers?: Tree | undefined;
}

/** Weights, and the buffers after they were made. */
export interface MadeWeights<P extends Tree> {
  readonly weights: P;
  readonly buffers: Tree;
}

/**
 * The weights that parameters make, nested as the specs: what a cell's step and a layer's equations see. Where nothing
 * is reparametrized, they are the parameters themselves. {@link makeWeights} without the buffers.
 *
 * So a layer without reparametrization gets its weights, to be exported or streamed: `stream(plain, weightsOf(layer,
 * params))`.
 */
export function weightsOf<P extends Tree>(of: { readonly params: Specs }, params: P, options: WeightsOptions = {}): P {
  checkOptions("weightsOf", options, ["training", "key", "buffers"]);
  return makeWeights(of, params, options).weights;
}

/**
 * The weights that parameters make, and the buffers after that: in training those for the next step, in evaluation those
 * that were given. A layer calls it once in `apply`, before any loop over time, and hands the buffers on.
 */
export function makeWeights<P extends Tree>(
  of: { readonly params: Specs },
  params: P,
  options?: WeightsOptions,
): MadeWeights<P>;
export function makeWeights(
  of: { readonly params: Specs },
  params: Tree,
  options: WeightsOptions = {},
): MadeWeights<Tree> {
  checkOptions("makeWeights", options, ["training", "key", "buffers"]);
  const { training = false, key } = options;
  if (weightLeaves(of.params).every(({ spec }) => isSpec(spec))) return { weights: params, buffers: {} };
  checkParameters("makeWeights", of.params, params);
  const float = leavesOf(params).find(({ tensor }) => isFloat(tensor.dtype))?.tensor.dtype ?? "f32";
  checkBuffers("makeWeights", weightBuffers(of.params), options.buffers, float);
  const before = options.buffers ?? {};
  const after = new Map<string, Tensor>();
  const old = new Map(leavesOf(before).map(({ path, tensor }) => [path, tensor]));
  const weights = made(of.params, params, "", { training, key, old, after });
  const changed = (buffer: Tensor, path: string): Tensor => stopGradient(after.get(path) ?? buffer);
  return { weights, buffers: training ? mapTree(before, changed) : before };
}

interface Making {
  readonly training: boolean;
  readonly key: Tensor | undefined;
  /** Buffers by their paths, as they were, and as they become. */
  readonly old: ReadonlyMap<string, Tensor>;
  readonly after: Map<string, Tensor>;
}

/** The weight of one spec in evaluation, whose parameters stand at `path`; one that needs no buffers. */
export const weightInEvaluation = (spec: ReparametrizedSpec, params: Tree, path: string): Tensor =>
  weightOf(spec, params, path, path, { training: false, key: undefined, old: new Map(), after: new Map() });

/** The weight of one spec, whose parameters stand at `path`, and its buffers at `root`. */
function weightOf(spec: ReparametrizedSpec, params: Tree, path: string, root: string, making: Making): Tensor {
  const { training, key } = making;
  const last = lastOf(spec);
  const whole = `${last.name} of ${path === "" ? "the weight" : path}`;
  const place = root === "" ? last.name : `${root}.${last.name}`;
  // Each reparametrization of a weight draws for itself, also two of one kind.
  const before = { ...making, key: key && keyFor(key, "before") };
  const returned = last.weight(made(spec.params, params, path, before, root), {
    shape: spec.weight.shape,
    training,
    buffers: Object.fromEntries(
      Object.keys(last.buffers?.(spec.weight) ?? {}).flatMap((name) => {
        const buffer = making.old.get(`${place}.${name}`);
        return buffer === undefined ? [] : [[name, buffer]];
      }),
    ),
    key() {
      if (key !== undefined) return keyFor(key, `${last.name}.${path}`);
      throw new TensorError(`${whole}: training with randomness needs a key; pass { training: true, key: key(seed) }`);
    },
  });
  const { weight, buffers } = isTensor(returned) ? { weight: returned, buffers: {} } : returned;
  if (!sameShape(weight.shape, spec.weight.shape))
    throw new TensorError(
      `${whole}: the weight must be ${showShape(spec.weight.shape)}, got ${showShape(weight.shape)}`,
    );
  for (const [name, buffer] of Object.entries(buffers)) making.after.set(`${place}.${name}`, buffer);
  return weight;
}

/** The weights of specs whose parameters stand at `path`. Buffers stand at the weights' paths, or at `root`. */
const made = (specs: Specs, params: Tree, path: string, making: Making, root?: string): Tree =>
  zipSpecs(
    "makeWeights",
    specs,
    params,
    (spec, own, at) => (isSpec(spec) ? own : weightOf(spec, own, at, root ?? at, making)),
    path,
  );
