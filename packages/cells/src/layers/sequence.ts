import {
  add,
  and,
  greater,
  keyAt,
  keyFor,
  iota,
  mapTree,
  reshape,
  select,
  stopGradient,
  TensorError,
  zipTrees,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions, isFloat, suggestion, zerosArray } from "@sluice/tensor/internal";
import { evaluation, outputOf, type Cell, type CellContext } from "../cell.ts";
import { checkCell } from "../check-given.ts";
import { checkBuffers, checkParameters, initialBuffers, makeWeights } from "@sluice/params";
import { inputOf } from "../inputs.ts";
import { probe } from "../probe.ts";
import { floatOf, initialState, zeroPerturbations, type State } from "../states.ts";
import {
  beginOf,
  carryAfterOf,
  checkApply,
  dtypeOf,
  extraOver,
  flagsOf,
  perturbationsOver,
  lookedAtOf,
  startsOf,
  stateOf,
  swapTime,
  wantedOf,
  whereMasked,
} from "./arguments.ts";
import { joinedBuffers } from "../weight-buffers.ts";
import { asMade, checkInput, type Applied, type ApplyOptions, type Layer } from "./layer.ts";
import { carriedScan } from "./carried-scan.ts";
import { rowsOf } from "./repeat-masked.ts";

export type Outputs = "all" | "last";

export interface SequenceOptions {
  /**
   * `all`: the output of every step, `[batch, time, features]` (default). `last`: of each row's own last step, `[batch,
   * features]`.
   */
  readonly outputs?: Outputs;
  /**
   * From the last step to the first; a row with a length starts at its own last step. Outputs stay at their step's
   * place.
   */
  readonly reverse?: boolean;
}

export interface SequenceLayer<P extends Tree = Tree, S extends State = State> extends Layer<P, S> {
  readonly kind: "sequence";
  readonly cell: Cell<P, S>;
  readonly outputs: Outputs;
  readonly reverse: boolean;
}

/** The one loop: runs any cell over time. Batch first: `[batch, time, input]`. */
export function sequence<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: SequenceOptions = {},
): SequenceLayer<P, S> {
  checkOptions("sequence", options, ["outputs", "reverse"], {
    returnSequences: "outputs",
    return_sequences: "outputs",
    goBackwards: "reverse",
    go_backwards: "reverse",
  });
  checkCell("sequence", cell);
  const { outputs = "all", reverse = false } = options;
  if (outputs !== "all" && outputs !== "last")
    throw new TensorError(
      `sequence: unknown outputs ${String(outputs)}; ${suggestion(String(outputs), ["all", "last"])}`,
    );
  const probed = { evaluation: probe(cell), training: probe(cell, { training: true }) };
  const { features } = probed.evaluation;
  // In training a modifier may put out something else.
  const outputState =
    probed.training.outputState === probed.evaluation.outputState ? probed.evaluation.outputState : undefined;
  const own = cell.buffers ?? {};
  const buffers = joinedBuffers(own, cell.params);
  const layer = {
    name: cell.name,
    input: cell.sizes.input,
    ...(cell.input === undefined ? {} : { x: inputOf(cell.input) }),
  };

  return asMade({
    kind: "sequence",
    ...layer,
    features,
    params: cell.params,
    buffers: buffers.specs,
    extra: cell.extra,
    cell,
    outputs,
    reverse,
    init: (key, initOptions) => cell.init(key, initOptions),
    initialBuffers: (bufferOptions) => initialBuffers(buffers.specs, bufferOptions),
    initialState(batch, stateOptions) {
      const { dtype, params } = beginOf(`${cell.name}.initialState`, stateOptions);
      return initialState(cell, batch, dtype, params);
    },
    perturbations: ({ batch, time }, stateOptions) =>
      zeroPerturbations(cell.state, [batch, time], dtypeOf(`${cell.name}.perturbations`, stateOptions)),
    outputShape({ batch, time }) {
      if (time === undefined)
        throw new TensorError(
          `${cell.name}: it runs over time, and its input has no time axis; a layer before it has outputs: "last"`,
        );
      return outputs === "all" ? [batch, time, features] : [batch, features];
    },
    apply(params, x, given = {}) {
      checkInput(layer, x);
      checkApply(cell.name, given);
      checkParameters(cell.name, cell.params, params, x);
      checkBuffers(cell.name, buffers.specs, given.buffers, floatOf(x, params));
      const { training = false, key } = given;
      // Once, before the loop: no step makes a weight.
      const made = makeWeights(cell, params, {
        training,
        key: key && keyFor(key, "reparametrization"),
        buffers: buffers.weights(given.buffers),
      });
      const applied = run(made.weights, x, { ...given, buffers: buffers.own(given.buffers) });
      return { ...applied, buffers: buffers.join(applied.buffers, made.buffers) };
    },
  });

  function updated(before: Tree, observed: Tree | undefined, float: DType): Tree {
    if (cell.update === undefined || observed === undefined) return before;
    const after = cell.update(before, mapTree(observed, stopGradient));
    checkBuffers(`${cell.name}: update`, own, after, float);
    return after;
  }

  function run(weights: P, x: Tensor, given: ApplyOptions<S>): Applied<S> {
    const [batch, time] = [x.shape[0]!, x.shape[1]!];
    const size = { batch, time };
    const { training = false, key } = given;
    const float = floatOf(x, weights);
    const initial = initialState<S>(cell, batch, float, weights);
    const { mixesRows, observes } = training ? probed.training : probed.evaluation;
    const { lengths, mask, within } = lookedAtOf(cell.name, given, size, { together: mixesRows || observes });
    const before = given.buffers ?? {};
    // What is not to be looked at is replaced before anything reads it: a select behind the step would leave a gradient
    // of 0 NaN.
    const looked = (x: Tensor): Tensor => (mask === undefined ? x : whereMasked(mask, x));
    // A row that is over keeps its state, whatever begins there.
    const whereWithin = (flags: Tensor): Tensor => (within === undefined ? flags : and(within, flags));
    const resetState = stateOf(cell.name, "resetState", given.resetState, initial);
    const wanted = wantedOf(cell.name, given.traces, Object.keys(probed.evaluation.traces));
    const random = training && key !== undefined;
    const slices: Slices = {
      x: looked(swapTime(x)),
      ...(mask === undefined ? {} : { mask }),
      ...(given.resets === undefined
        ? {}
        : { reset: whereWithin(swapTime(startsOf(flagsOf(cell.name, "resets", given.resets, size), { reverse }))) }),
      ...(random ? { step: iota([time]) } : {}),
      extra: mapTree(extraOver(cell.name, given.extra ?? {}, cell.extra, { ...size, float }), looked),
      perturbations: mapTree(perturbationsOver(cell.name, given.perturbations, cell.state, size), looked),
    };
    // Where the output is a state, its last value is the final state; but a row of which every step is masked has no
    // output at all.
    const repeats = outputs === "all" && given.mask !== undefined && given.maskedOutput === "repeat";
    const carries = repeats || (outputs === "last" && (outputState === undefined || mask !== undefined));
    const start: Carried<S> = {
      cell: stateOf(cell.name, "state", given.state, initial),
      ...(carries ? { last: zerosArray([batch, features], float) } : {}),
    };
    const scanned = carriedScan(
      ({ cell: state, last }: Carried<S>, slice: Slices) => {
        const { mask, reset } = slice;
        const old =
          reset === undefined ? state : zipTrees(state, resetState, (s, to) => select(rowsOf(reset, s), to, s));
        const traces: Record<string, Tensor> = {};
        const context: CellContext = {
          ...evaluation,
          training,
          extra: slice.extra,
          buffers: before,
          active: () => activeOf(cell.name, slice.mask, lengths),
          trace(name, value) {
            if (wanted(name)) traces[name] = value;
          },
          ...(random && slice.step !== undefined ? { keys: keysOf(key, slice.step) } : {}),
        };
        const next = cell.step(weights, old, slice.x, context);
        const perturbed = mapTree(next.state, (value, name) => {
          const by = slice.perturbations[name];
          return by === undefined || !isFloat(value.dtype) ? value : add(value, by);
        });
        const output = outputOf({ state: perturbed, output: next.output });
        const kept =
          mask === undefined
            ? perturbed
            : zipTrees(perturbed, old, (now, before) => select(rowsOf(mask, now), now, before));
        const visible = (value: Tensor): Tensor => (mask === undefined ? value : select(rowsOf(mask, value), value, 0));
        const shown = last === undefined ? visible(output) : lastOf(output, last, mask, repeats ? reset : undefined);
        return {
          state: { cell: kept, ...(last === undefined ? {} : { last: shown }) },
          output: {
            ...(outputs === "all" ? { output: shown } : {}),
            traces: mapTree(traces, visible),
            ...(next.observed === undefined ? {} : { observed: next.observed }),
          },
        };
      },
      start,
      slices,
      {
        reverse,
        length: time,
        carryAfter: carryAfterOf(cell.name, given.carryAfter, size, { reverse }),
        ...(lengths === undefined ? {} : { lengths }),
        ...(given.segment === undefined ? {} : { segment: given.segment }),
      },
    );

    return {
      output: finalOutput(),
      state: scanned.state.cell,
      carry: scanned.carry.cell,
      buffers: training ? updated(before, scanned.output.observed, float) : before,
      traces: mapTree(scanned.output.traces, swapTime),
    };

    function finalOutput(): Tensor {
      const all = scanned.output.output;
      if (all !== undefined) return swapTime(within === undefined || !repeats ? all : whereMasked(within, all));
      if (scanned.state.last !== undefined) return scanned.state.last;
      const last = outputState === undefined ? undefined : outputOf({ state: scanned.state.cell, output: outputState });
      if (time === 0 || last === undefined) return zerosArray([batch, features], float);
      return lengths === undefined ? last : select(reshape(greater(lengths, 0), [batch, 1]), last, 0);
    }
  }
}

/** The rows that have a step now. With lengths only the loop itself knows. */
function activeOf(name: string, mask: Tensor | undefined, lengths: Tensor | undefined): Tensor | undefined {
  if (lengths === undefined) return mask;
  throw new TensorError(
    `${name}: the step asks which rows are active, and did not when it was tried out; it must ask always, or never`,
  );
}

type Carried<S extends State> = { readonly cell: S; readonly last?: Tensor };

type Slices = {
  readonly x: Tensor;
  readonly mask?: Tensor;
  readonly reset?: Tensor;
  readonly step?: Tensor;
  readonly extra: Readonly<Record<string, Tensor>>;
  readonly perturbations: Readonly<Record<string, Tensor>>;
};

function keysOf(key: Tensor, step: Tensor): CellContext["keys"] {
  return { sequence: (name) => keyFor(key, name), step: (name) => keyAt(keyFor(key, name), step) };
}

/** The output of a row's last step that was not masked, with zeros since a reset. */
function lastOf(output: Tensor, before: Tensor, mask: Tensor | undefined, reset: Tensor | undefined): Tensor {
  if (mask === undefined) return output;
  const last = reset === undefined ? before : select(rowsOf(reset, before), 0, before);
  return select(rowsOf(mask, output), output, last);
}
