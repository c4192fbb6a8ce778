/** The laws about the cell itself, each a function of a subject that throws where it is broken. */
import { checkParameters, parameterCount, specsOf, weightsOf } from "@sluice/params";
import {
  assertGradient,
  grad,
  key,
  leavesOf,
  mapTree,
  reshape,
  square,
  sum,
  tensor,
  TensorError,
  valuesOf,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat, sizeOf } from "@sluice/tensor/internal";
import { arrayOf, expectSame, expectThat } from "@sluice/tensor/testing";
import { evaluation } from "../cell/context.ts";
import { probe } from "../cell/probe.ts";
import { statesOf, type State } from "../cell/states.ts";
import { joinedBuffers } from "../cell/weight-buffers.ts";
import type { ApplyOptions } from "../layers/layer.ts";
import { sequence } from "../layers/sequence.ts";
import { variationalDropout } from "../modifiers/variational-dropout.ts";
import { zoneout } from "../modifiers/zoneout.ts";
import { lengths, mask, run, runAt, trained, within, type Results, type Trained } from "./runs.ts";
import { batch, flagsOf, stepsOf, type LayerSubject, type Subject } from "./subject.ts";

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

/** Saved by name and loaded again, the parameters give the same outputs. */
export function saved(subject: LayerSubject): void {
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

const floatsOf = ({ output, state }: Results): Tree => ({
  output,
  ...Object.fromEntries(leavesOf(state).flatMap(({ path, tensor: s }) => (isFloat(s.dtype) ? [[path, s]] : []))),
});

/** The gradient of outputs and final states with respect to parameters, inputs and states equals finite differences. */
export function gradient(subject: LayerSubject): void {
  const resets = flagsOf([
    [0, 0, 1, 0],
    [0, 1, 0, 0],
    [0, 0, 0, 0],
  ]);
  assertGradient((at: Trained) => floatsOf(runAt(subject, at, { lengths, mask, resets })), trained(subject), {
    samples: 3,
  });
}

/** The gradient of the gradient equals finite differences. */
export function secondDerivative(subject: LayerSubject): void {
  const short = within(subject, 0, 3);
  const loss = (at: Trained): Tensor => sum(square(runAt(short, at, { lengths: [3, 1, 2] }).output));
  assertGradient(grad(loss), trained(short), { samples: 2 });
}

/** Zoneout of 0 and, in evaluation, dropout change nothing; zoneout of 1 keeps the state; a key gives one mask. */
export function modifiers(subject: Subject): void {
  const { cell } = subject;
  const plain = run(subject);
  const floats = statesOf(cell.state).filter(({ dtype, path }) => dtype === "f32" && !path.includes("."));
  const rates = (rate: number): Record<string, number> => Object.fromEntries(floats.map(({ path }) => [path, rate]));
  const training = { training: true, key: key(4) };
  const as = (changed: typeof cell, options: ApplyOptions<State> = {}) =>
    run({ ...subject, layer: sequence(changed) }, options);
  expectSame("zoneout of 0", as(zoneout(cell, rates(0))), plain);
  const still = as(zoneout(cell, rates(1)), training).state;
  const zoned = (states: State): Tree =>
    Object.fromEntries(
      leavesOf(states).flatMap(({ path, tensor: s }) => (Object.hasOwn(rates(1), path) ? [[path, s]] : [])),
    );
  expectSame("states, zoned out", zoned(still), zoned(subject.state));
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
    ...evaluation,
    keys: { sequence: refused, step: refused },
    extra: first(extra),
    buffers: buffers.own(subject.buffers),
  });
  expectSame("with a key", run(subject, { key: key(9) }), run(subject));
}
