/** A cell run over time step by step. */
import {
  add,
  greater,
  iota,
  keyAt,
  keyFor,
  mapTree,
  reshape,
  select,
  stopGradient,
  TensorError,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { at, isFloat, zerosArray } from "@sluice/tensor/internal";
import { checkBuffers } from "@sluice/params";
import { outputOf, type Cell } from "../cell/cell.ts";
import { evaluation, type CellContext } from "../cell/context.ts";
import { swapTime } from "../cell/axes.ts";
import { intervened } from "../cell/intervene.ts";
import { traceOfState, type Applied, type OverTime } from "../cell/over-time.ts";
import type { State } from "../cell/states.ts";
import { carriedScan } from "./carried-scan.ts";
import type { Running } from "./given.ts";
import { whereMasked } from "./looked-at.ts";
import { rowsOf } from "./repeat-masked.ts";

export function runLoop<P extends Tree, S extends State>(
  running: Running<P, S>,
  params: P,
  given: OverTime<S>,
): Applied<S> {
  const { cell, outputState } = running;
  const { batch, time, features, float, outputs, reverse, lengths, segment } = given;
  const slices: Slices = {
    x: given.x,
    ...(given.mask === undefined ? {} : { mask: given.mask }),
    ...(given.reset === undefined ? {} : { reset: given.reset }),
    ...(given.training && given.key !== undefined ? { step: iota([time]) } : {}),
    extra: given.extra,
    perturbations: given.perturbations,
  };
  // If the output is a state, its last value is the final state; but a row whose steps are all masked has no output.
  const carries =
    given.repeatsMasked || (outputs === "last" && (outputState === undefined || given.mask !== undefined));
  const start: Carried<S> = {
    cell: given.start,
    ...(carries ? { last: zerosArray([batch, features], float) } : {}),
  };
  const scanned = carriedScan(stepOf(running, params, given), start, slices, {
    reverse,
    length: time,
    carryAfter: given.carryAfter,
    ...(lengths === undefined ? {} : { lengths }),
    ...(segment === undefined ? {} : { segment }),
  });

  return {
    output: finalOutput(),
    state: scanned.state.cell,
    carry: scanned.carry.cell,
    buffers: given.training ? updated(cell, given, scanned.output.observed) : given.buffers,
    traces: mapTree(scanned.output.traces, swapTime),
  };

  function finalOutput(): Tensor {
    const all = scanned.output.output;
    const { within, repeatsMasked } = given;
    if (all !== undefined) return swapTime(within === undefined || !repeatsMasked ? all : whereMasked(within, all));
    if (scanned.state.last !== undefined) return scanned.state.last;
    const last = outputState === undefined ? undefined : outputOf({ state: scanned.state.cell, output: outputState });
    if (time === 0 || last === undefined) return zerosArray([batch, features], float);
    return lengths === undefined ? last : select(reshape(greater(lengths, 0), [batch, 1]), last, 0);
  }
}

/** One step of the loop: the cell's step, with resets, masks and perturbations applied. */
function stepOf<P extends Tree, S extends State>({ cell, outputs }: Running<P, S>, params: P, given: OverTime<S>) {
  const { resetState, training, key, buffers, lengths, repeatsMasked: repeats, intervene } = given;
  return ({ cell: state, last }: Carried<S>, slice: Slices) => {
    const { mask, reset } = slice;
    const old = reset === undefined ? state : zipTrees(state, resetState, (s, to) => select(rowsOf(reset, s), to, s));
    const traces: Record<string, Tensor> = {};
    const context: CellContext = {
      ...evaluation,
      training,
      extra: slice.extra,
      buffers,
      active: () => activeOf(cell.name, mask, lengths),
      trace(name, value) {
        if (given.wanted(name)) traces[name] = value;
      },
      change: (name, value) => intervened(intervene, name, value),
      ...(key !== undefined && slice.step !== undefined ? { keys: keysOf(key, slice.step) } : {}),
    };
    const next = cell.step(params, old, slice.x, context);
    const perturbed = mapTree(next.state, (value, name) => {
      const by = slice.perturbations[name];
      const left = at(cell.name, () => intervened(intervene, traceOfState(name), value));
      const after = by === undefined || !isFloat(value.dtype) ? left : add(left, by);
      if (given.wantedState(name)) traces[traceOfState(name)] = after;
      return after;
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
  };
}

/** The buffers after a loop in training. */
function updated<P extends Tree, S extends State>(
  { name, buffers: specs = {}, update }: Cell<P, S>,
  { buffers, float }: OverTime<S>,
  observed: Tree | undefined,
): Tree {
  if (update === undefined || observed === undefined) return buffers;
  const after = update(buffers, mapTree(observed, stopGradient));
  checkBuffers(`${name}: update`, specs, after, float);
  return after;
}

/** The rows that take this step. With lengths, only the loop knows them. */
function activeOf(name: string, mask: Tensor | undefined, lengths: Tensor | undefined): Tensor | undefined {
  if (lengths === undefined) return mask;
  throw new TensorError(
    `${name}: the step reads which rows are active, but did not when it was probed; it must read it always or never`,
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
