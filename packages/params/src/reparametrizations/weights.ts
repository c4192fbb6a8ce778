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
  /**
   * For reparametrizations that draw in training, such as DropConnect. Each weight draws with a key derived from its
   * path.
   */
  readonly key?: Tensor | undefined;
  /** Required if weights have buffers, as with spectral normalization; nested like {@link weightBuffers}. */
  readonly buffers?: Tree | undefined;
}

/** Weights and the next buffers. */
export interface MadeWeights<P extends Tree> {
  readonly weights: P;
  readonly buffers: Tree;
}

/**
 * The weights that parameters make, nested like the specs, as a cell's step and a layer's equations use them. Without
 * reparametrization they are the parameters themselves. It is {@link makeWeights} without the buffers.
 *
 * Use it to get weights for a layer without reparametrization, for export or streaming:
 * `stream(plain, weightsOf(layer, params))`.
 */
export function weightsOf<P extends Tree>(of: { readonly params: Specs }, params: P, options: WeightsOptions = {}): P {
  checkOptions("weightsOf", options, ["training", "key", "buffers"]);
  return makeWeights(of, params, options).weights;
}

/**
 * The weights that parameters make, and the next buffers; in evaluation these are the given ones. A layer calls it once
 * in `apply`, before any loop over time, and passes the buffers on.
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
  /** Buffers by path: the current and the next ones. */
  readonly old: ReadonlyMap<string, Tensor>;
  readonly after: Map<string, Tensor>;
}

/** The weight of one spec without buffers, in evaluation, from its parameters at `path`. */
export const weightInEvaluation = (spec: ReparametrizedSpec, params: Tree, path: string): Tensor =>
  weightOf(spec, params, path, path, { training: false, key: undefined, old: new Map(), after: new Map() });

/** The weight of one spec, from its parameters at `path` and its buffers at `root`. */
function weightOf(spec: ReparametrizedSpec, params: Tree, path: string, root: string, making: Making): Tensor {
  const { training, key } = making;
  const last = lastOf(spec);
  const whole = `${last.name} of ${path === "" ? "the weight" : path}`;
  const place = root === "" ? last.name : `${root}.${last.name}`;
  // Each reparametrization of a weight draws independently, even two of one kind.
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

/** The weights of specs, from parameters at `path`. Buffers are at the weights' paths, or at `root`. */
const made = (specs: Specs, params: Tree, path: string, making: Making, root?: string): Tree =>
  zipSpecs(
    "makeWeights",
    specs,
    params,
    (spec, own, at) => (isSpec(spec) ? own : weightOf(spec, own, at, root ?? at, making)),
    path,
  );
