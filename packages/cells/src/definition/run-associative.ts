/** A cell whose recurrence is associative, run over all steps at once. */
import {
  add,
  and,
  associativeScan,
  broadcastTo,
  concat,
  equal,
  expand,
  gather,
  iota,
  leavesOf,
  less,
  mapTree,
  max,
  min,
  mul,
  neg,
  or,
  reduceMax,
  reshape,
  select,
  sliceAxis,
  sub,
  sum,
  take,
  TensorError,
  zipTrees,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { zeroBeyond, zerosArray } from "@sluice/tensor/internal";
import { swapTime } from "../cell/axes.ts";
import { outputOf } from "../cell/cell.ts";
import { evaluation, type CellContext } from "../cell/context.ts";
import { intervened } from "../cell/intervene.ts";
import { traceOfState, type Applied, type OverTime } from "../cell/over-time.ts";
import type { Elements, Recurrence } from "../cell/recurrence.ts";
import type { State } from "../cell/states.ts";
import { mapValues } from "./map-values.ts";
import { pastOver, withoutPast } from "./past-inputs.ts";

/** What steps are put together by. */
export interface AtOnce extends Omit<Recurrence, "run" | "step"> {
  readonly name: string;
  /** The name of the state that holds earlier inputs, if one does. */
  readonly past: string | undefined;
}

/**
 * Computes the elements of all steps at once, combines them into prefixes by an associative scan, and applies the
 * prefixes to the initial state of each row. Masked steps and steps beyond the length are the identity, so the order of
 * sums depends on positions in the row only, not on the number of steps that there is room for.
 */
export function runAssociative(recurrence: AtOnce, params: Tree, whole: OverTime): Applied<State> {
  const { name } = recurrence;
  const given = { ...whole, reset: resetsOf(whole) };
  const { batch, time, features, float, lengths, start, outputs, reverse } = given;
  checkOptionsOf(name, given);
  if (time === 0) {
    const output = zerosArray(outputs === "all" ? [batch, 0, features] : [batch, features], float);
    return { output, state: start, carry: start, buffers: given.buffers, traces: {} };
  }
  const steps = { time, batch };
  const taken = takenSteps(given);
  const visible = (y: Tensor): Tensor => (taken === undefined ? y : select(stepsOf(taken, y), y, 0));
  const within = (y: Tensor): Tensor => (lengths === undefined ? y : zeroBeyond(y, lengths, { time: 0, batch: 1 }));
  const x = flat(within(given.x));
  const traces: Record<string, Tensor> = {};
  const context: CellContext = {
    ...evaluation,
    training: given.training,
    keys: noKeys(name),
    extra: mapTree(given.extra, (e) => flat(within(e))),
    trace(trace, value) {
      if (given.wanted(trace)) traces[trace] = swapTime(visible(over(steps, value)));
    },
    change: (trace, value) => intervened(given.intervene, trace, value),
  };
  const moved = recurrence.past === undefined ? undefined : pastOver(recurrence.past, within(given.x), given, taken);
  const found = recurrence.elements(params, x, context, moved && flat(moved.before));
  const elements = mapValues(recurrence.identity, (identity, part) => {
    const all = over(steps, elementOf(name, found, part));
    return taken === undefined ? all : select(stepsOf(taken, all), all, identity);
  });
  const computed = statesOf(recurrence, elements, given);
  const states = recurrence.past === undefined || !moved ? computed : { ...computed, [recurrence.past]: moved.after };
  for (const { path, tensor } of leavesOf(states))
    if (given.wantedState(path)) traces[traceOfState(path)] = swapTime(visible(tensor));
  const stepped = { elements: found, before: mapTree(beforeEach(states, given), flat) };
  const output = over(
    steps,
    outputOf({
      state: mapTree(states, flat),
      output: recurrence.output(params, mapTree(computed, flat), x, context, stepped),
    }),
  );
  const state = reverse ? mapTree(states, (s) => take(s, 0)) : stateAfter(states, time, given);
  return {
    output: outputs === "last" ? lastTaken(output, taken, reverse) : swapTime(shown(output)),
    state,
    carry: given.carryAfter === time ? state : stateAfter(states, given.carryAfter, given),
    buffers: given.buffers,
    traces,
  };

  function shown(y: Tensor): Tensor {
    if (!given.repeatsMasked || taken === undefined) return visible(y);
    return within(repeated(visible(y), taken, given.reset, reverse));
  }
}

/** The coefficient of this name; an error if `elements` returned none. */
export function elementOf(cell: string, found: Elements, part: string): Tensor {
  const element = found[part];
  if (element !== undefined) return element;
  throw new TensorError(
    `${cell}: elements returned ${Object.keys(found).join(", ")}, but the recurrence needs ${part} too`,
  );
}

/** The state after every step, `[time, batch, ...]`, but for the state that holds earlier inputs. */
function statesOf(
  { combine, apply, past }: AtOnce,
  elements: Elements,
  { time, batch, start, resetState, reset, reverse }: OverTime,
): State {
  const steps = { time, batch };
  const combined = (first: Elements, second: Elements): Elements => {
    const [n = 0] = Object.values(first)[0]?.shape ?? [];
    return mapTree(combine(mapTree(first, flat), mapTree(second, flat)), (e) => over({ time: n, batch }, e));
  };
  const begun = (state: State): State => mapTree(withoutPast(past, state), (s) => broadcastTo(s, [time, ...s.shape]));
  const after = (prefix: Elements, from: State): State =>
    mapTree(apply(mapTree(prefix, flat), mapTree(from, flat)), (s) => over(steps, s));
  if (reset === undefined) return after(associativeScan(combined, elements, { reverse }), begun(start));

  // A prefix with a reset in it begins at the reset: it ignores the steps before and starts from the reset state.
  const { prefix, since } = associativeScan(
    (p: Begun, q: Begun): Begun => ({
      prefix: zipTrees(q.prefix, combined(p.prefix, q.prefix), (own, both) => select(stepsOf(q.since, own), own, both)),
      since: or(p.since, q.since),
    }),
    { prefix: elements, since: reset },
    { reverse },
  );
  return after(
    prefix,
    zipTrees(begun(resetState), begun(start), (to, from) => select(stepsOf(since, to), to, from)),
  );
}

/** The resets that happen: a row that has ended keeps its state, even if a sequence is marked to begin there. */
function resetsOf({ reset, lengths, time, batch }: OverTime): Tensor | undefined {
  return reset === undefined || lengths === undefined ? reset : and(reset, before(lengths, { time, batch }));
}

/** The state before every step, `[time, batch, ...]`, of those after every step. */
function beforeEach(states: State, { time, start, resetState, reset, reverse }: OverTime): State {
  const earlier = zipTrees(states, start, (after, first) =>
    reverse
      ? concat([sliceAxis(after, 0, 1, time), expand(first, 0)], 0)
      : concat([expand(first, 0), sliceAxis(after, 0, 0, time - 1)], 0),
  );
  if (reset === undefined) return earlier;
  return zipTrees(earlier, resetState, (s, to) => select(stepsOf(reset, s), to, s));
}

/**
 * The state after `count` steps, or after a row's last step if it has fewer. The steps after it would leave the values
 * as they are but group the sums in another way, so that rounding would depend on how many there are.
 */
function stateAfter(states: State, count: number, { batch, lengths }: OverTime): State {
  if (lengths === undefined) return mapTree(states, (s) => take(s, count - 1));
  const last = sub(min(max(lengths, 1), count), 1);
  const rows = add(mul(last, batch), iota([batch], { axis: 0 }));
  return mapTree(states, (s) => gather(flat(s), rows));
}

/** Elements, and whether a reset is among the steps that they combine. */
type Begun = { readonly prefix: Elements; readonly since: Tensor };

/** bool `[time, batch]`: the steps that a row takes; undefined if every row takes all. */
function takenSteps({ mask, lengths, time, batch }: OverTime): Tensor | undefined {
  if (lengths === undefined) return mask;
  const present = before(lengths, { time, batch });
  return mask === undefined ? present : and(mask, present);
}

const before = (lengths: Tensor, { time, batch }: Steps): Tensor =>
  less(iota([time, 1], { axis: 0 }), reshape(lengths, [1, batch]));

/** The output of the last step that each row takes, `[batch, features]`; zeros if it takes none. */
function lastTaken(output: Tensor, taken: Tensor | undefined, reverse: boolean): Tensor {
  const time = output.shape[0] ?? 0;
  if (taken === undefined) return take(output, reverse ? 0 : time - 1);
  const order = iota([time, 1], { axis: 0 });
  const latest = reduceMax(select(taken, reverse ? neg(order) : order, -time), 0);
  const last = equal(reverse ? neg(order) : order, expand(latest, 0));
  return sum(select(stepsOf(and(last, taken), output), output, 0), 0);
}

/** At every step, the last output that was not masked; zeros if there is none yet or none since a reset. */
function repeated(output: Tensor, taken: Tensor, reset: Tensor | undefined, reverse: boolean): Tensor {
  const known = reset === undefined ? taken : or(taken, reset);
  type Last = { readonly value: Tensor; readonly known: Tensor };
  return associativeScan(
    (p: Last, q: Last): Last => ({
      value: select(stepsOf(q.known, q.value), q.value, p.value),
      known: or(p.known, q.known),
    }),
    { value: output, known },
    { reverse },
  ).value;
}

function checkOptionsOf(name: string, { segment, perturbations }: OverTime): void {
  const refuse = (option: string, why: string): never => {
    throw new TensorError(`${name}: scan: "associative" does not take ${option}: ${why}; use a layer without scan`);
  };
  if (segment !== undefined) refuse("segment", "there is no loop to cut into segments");
  if (Object.keys(perturbations).length > 0)
    refuse("perturbations", "steps are combined before there is a state to add to");
}

function noKeys(name: string): CellContext["keys"] {
  const refuse = (stream: string): never => {
    throw new TensorError(
      `${name}: scan: "associative" has no random keys, and the cell asks for ${stream}; use a layer without scan`,
    );
  };
  return { sequence: refuse, step: refuse };
}

interface Steps {
  readonly time: number;
  readonly batch: number;
}

/** `[time, batch, ...]` as `[time * batch, ...]`: the cell has no time axis, so all steps become rows. */
function flat(x: Tensor): Tensor {
  const [time = 1, batch = 1, ...rest] = x.shape;
  return reshape(x, [time * batch, ...rest]);
}

function over({ time, batch }: Steps, x: Tensor): Tensor {
  return reshape(x, [time, batch, ...x.shape.slice(1)]);
}

/** bool `[time, batch]` as a condition on `x` `[time, batch, ...]`. */
function stepsOf(condition: Tensor, x: Tensor): Tensor {
  const ones: Shape = x.shape.slice(2).map(() => 1);
  return reshape(condition, [...condition.shape, ...ones]);
}
