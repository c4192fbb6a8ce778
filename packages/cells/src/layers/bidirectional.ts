import { add, concat, keyFor, mul, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { at, checkOptions, suggestion } from "@sluice/tensor/internal";
import { type Cell } from "../cell/cell.ts";
import { childOf } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { joinExtras } from "../cell/inputs.ts";
import { floatOf, type State } from "../cell/states.ts";
import { checkBuffers, checkParameters } from "@sluice/params";
import { carryAfterOf, checkApply } from "./apply-options.ts";
import { beginOf, checkStates } from "./given-states.ts";
import { asMade, type InitialStateOptions, type Layer } from "./layer.ts";
import { type Applied } from "../cell/over-time.ts";
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
   * As for {@link sequence}; `last` is each direction's own last step: the end of the row forward, its beginning
   * backward.
   */
  readonly outputs?: Outputs;
  /** The cell that runs backward. Default: the same cell, with weights of its own. */
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
 * A cell run over time in both directions (Schuster, Paliwal 1997). With lengths the backward direction starts at each
 * row's own last step.
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
  const forward = sequence(cell, { outputs, scan });
  const backward = sequence(backwardCell, { outputs, reverse: true, scan });
  if (forward.input !== backward.input || (merge !== "concat" && forward.features !== backward.features)) {
    throw new TensorError(
      `bidirectional: the directions do not fit: forward ${forward.input} to ${forward.features}, backward ${backward.input} to ${backward.features} features, merged by ${merge}`,
    );
  }
  const params = { forward: forward.params, backward: backward.params };
  const buffers = { forward: forward.buffers, backward: backward.buffers };
  const features = merge === "concat" ? forward.features + backward.features : forward.features;
  const initialState = (batch: number, stateOptions?: InitialStateOptions<Both<P>>): Both<S> => {
    const { dtype, params } = beginOf("bidirectional.initialState", stateOptions);
    return {
      forward: forward.initialState(batch, { dtype, ...(params && { params: params.forward }) }),
      backward: backward.initialState(batch, { dtype, ...(params && { params: params.backward }) }),
    };
  };
  return asMade({
    kind: "bidirectional",
    name: `bidirectional ${cell.name}`,
    forward,
    backward,
    merge,
    input: forward.input,
    ...(forward.x && { x: forward.x }),
    features,
    params,
    buffers,
    extra: joinExtras("bidirectional", [forward.extra, backward.extra]),
    init: (key, initOptions) => ({
      forward: forward.init(keyFor(key, "forward"), initOptions),
      backward: backward.init(keyFor(key, "backward"), initOptions),
    }),
    initialBuffers: (bufferOptions) => ({
      forward: forward.initialBuffers(bufferOptions),
      backward: backward.initialBuffers(bufferOptions),
    }),
    initialState,
    perturbations: (size, stateOptions) => ({
      forward: forward.perturbations(size, stateOptions),
      backward: backward.perturbations(size, stateOptions),
    }),
    outputShape: (size) => [...forward.outputShape(size).slice(0, -1), features],
    apply(weights, x, given = {}) {
      checkApply("bidirectional", given);
      checkNested("bidirectional", given, ["forward", "backward"]);
      checkParameters("bidirectional", params, weights, x);
      checkBuffers("bidirectional", buffers, given.buffers, floatOf(x, weights));
      checkStates("bidirectional", given, initialState(x.shape[0]!, { dtype: floatOf(x, weights), params: weights }));
      const { state, resetState, buffers: before, ...rest } = given;
      const run = (name: "forward" | "backward", layer: SequenceLayer<P, S>): Applied<S> =>
        at(name, () =>
          layer.apply(weights[name], x, {
            ...optionsOf(name, rest),
            ...(before === undefined ? {} : { buffers: childOf(before, name) }),
            ...(state === undefined ? {} : { state: state[name] }),
            ...(resetState === undefined ? {} : { resetState: resetState[name] }),
          }),
        );
      carryAfterOf("bidirectional", given.carryAfter, { time: x.shape[1]! }, { reverse: true });
      const results = { forward: run("forward", forward), backward: run("backward", backward) };
      return {
        output: merges[merge](results.forward.output, results.backward.output),
        state: { forward: results.forward.state, backward: results.backward.state },
        carry: { forward: results.forward.carry, backward: results.backward.carry },
        buffers: { forward: results.forward.buffers, backward: results.backward.buffers },
        traces: Object.fromEntries(
          Object.entries(results).flatMap(([name, { traces }]) =>
            Object.entries(traces).map(([trace, value]) => [`${name}.${trace}`, value]),
          ),
        ),
      };
    },
  });
}
