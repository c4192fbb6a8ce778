import { add, concat, keyFor, mul, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { at, checkKey, checkOptions, suggestion } from "@sluice/tensor/internal";
import type { Cell } from "../cell/cell.ts";
import { batchAndTime } from "../cell/axes.ts";
import { childOf } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { joinExtras } from "../cell/inputs.ts";
import { floatOf, type State } from "../cell/states.ts";
import { checkBuffers, checkParameters } from "@sluice/params";
import { carryAfterOf, checkApply } from "./apply-options.ts";
import { beginOf, checkStates } from "./given-states.ts";
import { asMade, type ApplyOptions, type InitialStateOptions, type Layer } from "./layer.ts";
import type { Applied } from "../cell/over-time.ts";
import { checkNested, optionsOf } from "./nested.ts";
import { sequence, type Outputs, type SequenceScan, type SequenceLayer } from "./sequence.ts";

const merges = {
  /** Forward, then backward, along the features. */
  concat: (a: Tensor, b: Tensor): Tensor => concat([a, b], -1),
  sum: add,
  mean: (a: Tensor, b: Tensor): Tensor => mul(add(a, b), 0.5),
  product: mul,
} as const;

/** How the outputs of the two directions are merged. */
export type Merge = keyof typeof merges;

/** Options of {@link bidirectional}. */
export interface BidirectionalOptions<P extends Tree, S extends State> {
  /** How the two outputs become one. Default concat. */
  readonly merge?: Merge;
  /**
   * As for {@link sequence}; `last` is the last step of each direction: the end of the row for forward, its beginning
   * for backward.
   */
  readonly outputs?: Outputs;
  /** The cell that runs backward. Default: the same cell with separate weights. */
  readonly backward?: Cell<P, S>;
  /** As for {@link sequence}, in both directions. */
  readonly scan?: SequenceScan;
}

type Both<T> = { readonly forward: T; readonly backward: T };

export interface BidirectionalLayer<P extends Tree = Tree, S extends State = State> extends Layer<Both<P>, Both<S>> {
  readonly kind: "bidirectional";
  readonly forward: SequenceLayer<P, S>;
  readonly backward: SequenceLayer<P, S>;
  readonly merge: Merge;
}

/**
 * A cell run over time in both directions (Schuster, Paliwal 1997). With lengths, the backward direction starts at the
 * last step of each row.
 */
export function bidirectional<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: BidirectionalOptions<P, S> = {},
): BidirectionalLayer<P, S> {
  checkOptions("bidirectional", options, ["merge", "outputs", "backward", "scan"], {
    mergeMode: "merge",
    merge_mode: "merge",
  });
  checkCell("bidirectional", cell);
  const { merge = "concat", outputs = "all", backward: backwardCell = cell, scan = "sequential" } = options;
  if (!Object.hasOwn(merges, merge))
    throw new TensorError(
      `bidirectional: unknown merge ${String(merge)}; ${suggestion(String(merge), Object.keys(merges))}`,
    );
  const directions: Directions<P, S> = {
    forward: sequence(cell, { outputs, scan }),
    backward: sequence(backwardCell, { outputs, reverse: true, scan }),
  };
  const { forward } = directions;
  const features = featuresOf(directions, merge);
  const ofBoth = both(directions);
  return asMade({
    kind: "bidirectional",
    name: `bidirectional ${cell.name}`,
    ...directions,
    merge,
    input: forward.input,
    ...(forward.x && { x: forward.x }),
    features,
    params: ofBoth(({ params }) => params),
    buffers: ofBoth(({ buffers }) => buffers),
    extra: joinExtras("bidirectional", [forward.extra, directions.backward.extra]),
    init(key, initOptions) {
      checkKey("init", key);
      return ofBoth((layer, name) => layer.init(keyFor(key, name), initOptions));
    },
    initialBuffers: (bufferOptions) => ofBoth((layer) => layer.initialBuffers(bufferOptions)),
    initialState: (batch, stateOptions) => initialStates(directions, batch, stateOptions),
    perturbations: (size, stateOptions) => ofBoth((layer) => layer.perturbations(size, stateOptions)),
    outputShape: (size) => [...forward.outputShape(size).slice(0, -1), features],
    apply: (weights, x, given = {}) => applyBoth(directions, merge, weights, x, given),
  });
}

type Directions<P extends Tree, S extends State> = Both<SequenceLayer<P, S>>;

/** Something of each direction. */
const both =
  <P extends Tree, S extends State>({ forward, backward }: Directions<P, S>) =>
  <T>(of: (layer: SequenceLayer<P, S>, name: "forward" | "backward") => T): Both<T> => ({
    forward: of(forward, "forward"),
    backward: of(backward, "backward"),
  });

/** The width of the merged output; an error where the directions do not fit. */
function featuresOf<P extends Tree, S extends State>({ forward, backward }: Directions<P, S>, merge: Merge): number {
  if (forward.input !== backward.input || (merge !== "concat" && forward.features !== backward.features)) {
    throw new TensorError(
      `bidirectional: the directions do not fit: forward ${forward.input} to ${forward.features}, backward ${backward.input} to ${backward.features} features, merged by ${merge}`,
    );
  }
  return merge === "concat" ? forward.features + backward.features : forward.features;
}

function initialStates<P extends Tree, S extends State>(
  directions: Directions<P, S>,
  batch: number,
  options?: InitialStateOptions<Both<P>>,
): Both<S> {
  const { dtype, params } = beginOf("bidirectional.initialState", options);
  return both(directions)((layer, name) =>
    layer.initialState(batch, { dtype, ...(params && { params: params[name] }) }),
  );
}

function applyBoth<P extends Tree, S extends State>(
  directions: Directions<P, S>,
  merge: Merge,
  weights: Both<P>,
  x: Tensor,
  given: ApplyOptions<Both<S>>,
): Applied<Both<S>> {
  const ofBoth = both(directions);
  checkApply("bidirectional", given);
  checkNested("bidirectional", given, ["forward", "backward"]);
  checkParameters(
    "bidirectional",
    ofBoth(({ params }) => params),
    weights,
    x,
  );
  const dtype = floatOf(x, weights);
  checkBuffers(
    "bidirectional",
    ofBoth(({ buffers }) => buffers),
    given.buffers,
    dtype,
  );
  const { batch, time } = batchAndTime(x);
  checkStates("bidirectional", given, initialStates(directions, batch, { dtype, params: weights }));
  carryAfterOf("bidirectional", given.carryAfter, { time }, { reverse: true });
  const { state, resetState, buffers: before, ...rest } = given;
  const results = ofBoth((layer, name) =>
    at(name, () =>
      layer.apply(weights[name], x, {
        ...optionsOf(name, rest),
        ...(before === undefined ? {} : { buffers: childOf(before, name) }),
        ...(state === undefined ? {} : { state: state[name] }),
        ...(resetState === undefined ? {} : { resetState: resetState[name] }),
      }),
    ),
  );
  const { forward, backward } = results;
  return {
    output: merges[merge](forward.output, backward.output),
    state: { forward: forward.state, backward: backward.state },
    carry: { forward: forward.carry, backward: backward.carry },
    buffers: { forward: forward.buffers, backward: backward.buffers },
    traces: Object.fromEntries(
      Object.entries(results).flatMap(([name, { traces }]) =>
        Object.entries(traces).map(([trace, value]) => [`${name}.${trace}`, value]),
      ),
    ),
  };
}
