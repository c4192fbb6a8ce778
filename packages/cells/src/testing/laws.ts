/** The laws that hold for every cell, each a function of a subject that throws where it is broken. */
import { checkParameters, parameterCount, specsOf, weightsOf } from "@sluice/params";
import {
  assertGradient,
  concat,
  grad,
  key,
  leavesOf,
  mapTree,
  matmul,
  mul,
  normal,
  keyFor,
  reshape,
  select,
  square,
  sum,
  tensor,
  TensorError,
  valuesOf,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { arrayOf, expectSame, expectThat } from "@sluice/tensor/testing";
import { isFloat, sizeOf } from "@sluice/tensor/internal";
import { bidirectional } from "../layers/bidirectional.ts";
import type { ApplyOptions } from "../layers/layer.ts";
import { sequence } from "../layers/sequence.ts";
import { stream } from "../layers/stream.ts";
import { joinedBuffers } from "../cell/weight-buffers.ts";
import { variationalDropout } from "../modifiers/variational-dropout.ts";
import { zoneout } from "../modifiers/zoneout.ts";
import { probe } from "../cell/probe.ts";
import { statesOf, type State } from "../cell/states.ts";
import { batch, flagsOf, pick, rowOf, stepsOf, time, type Subject } from "./subject.ts";

const lengths = [4, 2, 0];
const mask = flagsOf([
  [1, 0, 1, 1],
  [0, 1, 1, 0],
  [1, 1, 1, 1],
]);
const taken = [
  [0, 2, 3],
  [1, 2],
  [0, 1, 2, 3],
];

/** Output, state, carry and buffers of a run over all that the subject has. */
export function run({ layer, params, x, extra, state, buffers }: Subject, options: ApplyOptions<State> = {}): Results {
  const { output, state: final, carry, buffers: after } = layer.apply(params, x, { extra, state, buffers, ...options });
  return { output, state: final, carry, buffers: after };
}

export type Results = {
  readonly output: Tensor;
  readonly state: State;
  readonly carry: State;
  readonly buffers: Tree;
};

/** The subject with some steps of one row. */
function rowWith(subject: Subject, row: number, steps: readonly number[]): Subject {
  return {
    ...subject,
    state: mapTree(subject.state, (s) => rowOf(s, row)),
    x: pick(subject.x, row, steps),
    extra: mapTree(subject.extra, (e) => pick(e, row, steps)),
  };
}

const within = (subject: Subject, from: number, to: number): Subject => ({
  ...subject,
  x: stepsOf(subject.x, from, to),
  extra: mapTree(subject.extra, (e) => stepsOf(e, from, to)),
});

const rows = Array.from({ length: batch }, (_, row) => row);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The parameters have the names, shapes and number of the specs, and depend on the key alone. */
export function parameters({ cell }: Subject): void {
  const params = cell.init(key(1));
  checkParameters(cell.name, cell.params, params);
  const numbers = leavesOf(params).reduce((total, { tensor: w }) => total + sizeOf(w.shape), 0);
  expectThat(`${numbers} numbers, but parameterCount says ${parameterCount(cell)}`, numbers === parameterCount(cell));
  expectSame("the same key", cell.init(key(1)), params);
  const names = specsOf(cell.params).map(({ path }) => path);
  expectThat("two parameters have one name", new Set(names).size === names.length);
}

/** Written down by their names and read again, the parameters give the same outputs. */
export function saved(subject: Subject): void {
  const { layer, params } = subject;
  const file = JSON.stringify(
    Object.fromEntries(
      leavesOf(params).map(({ path, tensor: w }) => [path, { ...arrayOf(w), data: [...valuesOf(w)] }]),
    ),
  );
  const read = new Map(Object.entries<ArrayTensor>(JSON.parse(file)));
  const loaded = mapTree(layer.init(key(2)), (_, path) => {
    const found = read.get(path);
    if (found === undefined) throw new TensorError(`no parameter ${path} was saved`);
    return tensor(Array.from(found.data), found.shape, { dtype: found.dtype });
  });
  expectSame("loaded parameters", run({ ...subject, params: loaded }), run(subject));
}

/** What a subject in f64 is differentiated by. */
export function trained({ params, x, state, extra }: Subject) {
  const floats = (tree: Readonly<Record<string, Tensor>>) =>
    Object.fromEntries(Object.entries(tree).filter(([, value]) => isFloat(value.dtype)));
  const states = Object.fromEntries(leavesOf(state).map(({ path, tensor: s }) => [path, s]));
  return { params, ...(isFloat(x.dtype) ? { x } : {}), state: floats(states), extra: floats(extra) };
}

export type Trained = ReturnType<typeof trained>;

export function runAt(subject: Subject, at: Trained, options: ApplyOptions<State>): Results {
  const state = mapTree(subject.state, (s, path) => at.state[path] ?? s);
  const extra = { ...subject.extra, ...at.extra };
  return run({ ...subject, params: at.params, x: at.x ?? subject.x, state, extra }, options);
}

const floatsOf = ({ output, state }: Results): Tree => ({
  output,
  ...Object.fromEntries(leavesOf(state).flatMap(({ path, tensor: s }) => (isFloat(s.dtype) ? [[path, s]] : []))),
});

/** The gradient of outputs and final states by parameters, inputs and states, against differences. */
export function gradient(subject: Subject): void {
  const resets = flagsOf([
    [0, 0, 1, 0],
    [0, 1, 0, 0],
    [0, 0, 0, 0],
  ]);
  assertGradient((at: Trained) => floatsOf(runAt(subject, at, { lengths, mask, resets })), trained(subject), {
    samples: 3,
  });
}

/** The gradient of the gradient, against differences. */
export function secondDerivative(subject: Subject): void {
  const short = within(subject, 0, 3);
  const loss = (at: Trained): Tensor => sum(square(runAt(short, at, { lengths: [3, 1, 2] }).output));
  assertGradient(grad(loss), trained(short), { samples: 2 });
}

/** A row with a length is the run over its steps: state, and outputs with zeros after them. */
export function truncated(subject: Subject): void {
  const whole = run(subject, { lengths });
  for (const row of rows) {
    const n = lengths[row]!;
    const alone = run(rowWith(subject, row, upTo(n)));
    expectSame(
      `state of row ${row}`,
      mapTree(whole.state, (s) => rowOf(s, row)),
      alone.state,
    );
    expectSame(`outputs of row ${row}`, pick(whole.output, row, upTo(n)), alone.output);
    const beyond = valuesOf(pick(whole.output, row, upTo(time).slice(n)));
    expectThat(
      `row ${row} puts out something beyond its length`,
      beyond.every((y) => y === 0),
    );
  }
}

/** A masked run is the run over the sequence without the masked steps; these put out zeros, or the last output. */
export function masked(subject: Subject): void {
  const [whole, repeating] = [run(subject, { mask }), run(subject, { mask, maskedOutput: "repeat" })];
  expectSame("state, repeating outputs", repeating.state, whole.state);
  for (const row of rows) {
    const steps = taken[row]!;
    const alone = run(rowWith(subject, row, steps));
    expectSame(
      `state of row ${row}`,
      mapTree(whole.state, (s) => rowOf(s, row)),
      alone.state,
    );
    expectSame(`outputs of row ${row}`, pick(whole.output, row, steps), alone.output);
    for (const t of upTo(time)) {
      const last = steps.filter((step) => step <= t).length - 1;
      const repeated = valuesOf(pick(repeating.output, row, [t]));
      const expected = last < 0 ? repeated.map(() => 0) : valuesOf(pick(alone.output, 0, [last]));
      expectThat(
        `row ${row} does not repeat its output at step ${t}`,
        repeated.every((y, i) => y === expected[i]),
      );
      if (steps.includes(t)) continue;
      expectThat(
        `row ${row} puts out something at step ${t}`,
        valuesOf(pick(whole.output, row, [t])).every((y) => y === 0),
      );
    }
  }
}

/** What stands at steps that are not looked at, NaN included, reaches nothing, neither in evaluation nor in training. */
export function notLookedAt(subject: Subject): void {
  if (!isFloat(subject.x.dtype)) return;
  const looked = flagsOf(
    rows.map((row) => upTo(time).map((t) => Number(t < lengths[row]! && taken[row]!.includes(t)))),
  );
  const at = (fill: number): Subject => ({
    ...subject,
    x: select(reshape(looked, [batch, time, ...subject.x.shape.slice(2).map(() => 1)]), subject.x, fill),
  });
  for (const training of [false, true]) {
    const options = { lengths, mask, training, key: key(4) };
    const loss = (s: Subject) => grad((p: Tree) => sum(square(run({ ...s, params: p }, options).output)))(s.params);
    const of = training ? "in training" : "in evaluation";
    expectSame(`results ${of}`, run(at(NaN), options), run(at(0), options));
    expectSame(`gradients ${of}`, loss(at(NaN)), loss(at(0)));
  }
}

/** A reset begins a run of its own, from the initial state, in both directions. */
export function reset(subject: Subject): void {
  const { cell, params } = subject;
  const resets = flagsOf(rows.map(() => [0, 0, 1, 0]));
  for (const reverse of [false, true]) {
    const layer = sequence(cell, { reverse });
    const fresh: Subject = { ...subject, layer, state: layer.initialState(batch, { params }) };
    const { output } = run(fresh, { resets });
    const parts = [within(fresh, 0, 2), within(fresh, 2, time)].map((part) => run(part).output);
    expectSame(`outputs (reverse: ${reverse})`, output, concat(parts, 1));
  }
}

/** A run in two parts is the run in one, and `carryAfter` changes nothing but tells the state between them. */
export function carried(subject: Subject): void {
  const whole = run(subject);
  const { carry, ...rest } = run(subject, { carryAfter: 1 });
  const first = run(within(subject, 0, 1));
  const second = run({ ...within(subject, 1, time), state: first.state });
  expectSame("carry", carry, first.state);
  expectSame("the whole with carryAfter", rest, { output: whole.output, state: whole.state, buffers: whole.buffers });
  expectSame("state after both parts", second.state, whole.state);
  expectSame("outputs of both parts", concat([first.output, second.output], 1), whole.output);
}

/** Read step by step the cell puts out what it does over the whole sequence. */
export async function streamed(subject: Subject): Promise<void> {
  const { layer, params, x, extra, state, buffers } = subject;
  const whole = run(subject);
  const reading = await stream(layer, params, { batch, buffers });
  try {
    await reading.setState(state);
    const at = (y: Tensor, t: number): ArrayTensor =>
      arrayOf(reshape(stepsOf(y, t, t + 1), [batch, ...y.shape.slice(2)]));
    for (const t of upTo(time)) {
      const inputs = Object.fromEntries(Object.entries(extra).map(([name, e]) => [name, at(e, t)]));
      expectSame(`output of step ${t}`, await reading.step(at(x, t), { extra: inputs }), at(whole.output, t));
    }
    expectSame("state", await reading.state(), whole.state);
  } finally {
    await reading.dispose();
  }
}

/** Both directions are the cell forwards, and the cell over the reversed sequences. */
export function bothDirections(subject: Subject): void {
  const { cell, params, x, extra, state, buffers } = subject;
  const layer = bidirectional(cell, { merge: "sum" });
  const reversed = <T extends Tree>(tree: T): T =>
    mapTree(tree, (y) =>
      concat(
        upTo(time).map((t) => stepsOf(y, time - 1 - t, time - t)),
        1,
      ),
    );
  const both = layer.apply({ forward: params, backward: params }, x, {
    extra,
    state: { forward: state, backward: state },
    buffers: { forward: buffers, backward: buffers },
  });
  const forward = run(subject);
  const backward = run({ ...subject, x: reversed(x), extra: reversed(extra) });
  expectSame("final states", both.state, { forward: forward.state, backward: backward.state });
  const sums = mapTree(forward.output, (y) => y);
  const other = valuesOf(reversed(backward.output));
  expectSame(
    "outputs",
    both.output,
    tensor(
      valuesOf(sums).map((y, i) => Math.fround(y + other[i]!)),
      sums.shape,
    ),
  );
}

/** Zoneout of 0 and, in evaluation, dropout change nothing; zoneout of 1 keeps the state; a key gives one mask. */
export function modifiers(subject: Subject): void {
  const { cell } = subject;
  const plain = run(subject);
  const floats = statesOf(cell.state).filter(({ dtype, path }) => dtype === "f32" && !path.includes("."));
  const rates = (rate: number): Record<string, number> => Object.fromEntries(floats.map(({ path }) => [path, rate]));
  const training = { training: true, key: key(4) };
  const as = (changed: typeof cell, options: ApplyOptions<State> = {}) =>
    run({ ...subject, cell: changed, layer: sequence(changed) }, options);
  expectSame("zoneout of 0", as(zoneout(cell, rates(0))), plain);
  const still = as(zoneout(cell, rates(1)), training).state;
  for (const { path } of floats)
    expectSame(`state ${path}, zoned out`, { s: still[path]! }, { s: subject.state[path]! });
  const { products } = probe(cell);
  for (const masks of ["shared", "perGate"] as const) {
    const kinds = new Set(products.map(({ kind }) => kind));
    const given = {
      masks,
      input: masks === "shared" || kinds.has("input") ? 0.5 : 0,
      recurrent: kinds.has("recurrent") ? 0.5 : 0,
    };
    const dropped = variationalDropout(cell, given);
    expectSame(`dropout (${masks}) in evaluation`, as(dropped), plain);
    expectSame(`dropout (${masks}) with one key`, as(dropped, training), as(dropped, training));
  }
}

/** Evaluation takes no key, and is the same with one. */
export function evaluationDrawsNothing(subject: Subject): void {
  const refused = (): never => {
    throw new TensorError(`${subject.cell.name} draws in evaluation`);
  };
  const { cell, params, state, x, extra } = subject;
  const first = <T extends Tree>(tree: T): T =>
    mapTree(tree, (y) => reshape(stepsOf(y, 0, 1), [batch, ...y.shape.slice(2)]));
  const buffers = joinedBuffers(cell.buffers ?? {}, cell.params);
  const weights = weightsOf(cell, params, { buffers: buffers.weights(subject.buffers) });
  cell.step(weights, state, first(x), {
    training: false,
    trace: () => {},
    product: ({ x: multiplied, W }) => matmul(multiplied, W),
    keys: { sequence: refused, step: refused },
    extra: first(extra),
    buffers: buffers.own(subject.buffers),
    active: () => undefined,
  });
  expectSame("with a key", run(subject, { key: key(9) }), run(subject));
}

/** A weighted sum of everything that a run gives, so that no gradient is lost. */
export function weighed(results: Tree): Tensor {
  const terms = leavesOf(results).flatMap(({ path, tensor: y }) =>
    isFloat(y.dtype) ? [sum(mul(y, normal(keyFor(key(6), path), y.shape, { dtype: y.dtype })))] : [],
  );
  return terms.reduce((a, b) => sum(concat([reshape(a, [1]), reshape(b, [1])], 0)));
}
