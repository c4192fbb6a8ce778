/** Runs of a subject, whole and in parts. */
import {
  concat,
  key,
  keyFor,
  leavesOf,
  mapTree,
  mul,
  normal,
  reshape,
  sum,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat } from "@sluice/tensor/internal";
import { inputOf } from "../cell/inputs.ts";
import type { State } from "../cell/states.ts";
import type { ApplyOptions } from "../layers/layer.ts";
import { batch, flagsOf, pick, rowOf, stepsOf, type LayerSubject } from "./subject.ts";

/** The steps of each row, in laws about rows of different lengths. */
export const lengths = [4, 2, 0];

/** bool `[batch, time]`, in laws about masks. */
export const mask = flagsOf([
  [1, 0, 1, 1],
  [0, 1, 1, 0],
  [1, 1, 1, 1],
]);

/** The steps of each row that the mask leaves. */
export const taken = [
  [0, 2, 3],
  [1, 2],
  [0, 1, 2, 3],
];

/** Output, state, carry and buffers of a run over everything in the subject. */
export function run(
  { layer, params, x, extra, state, buffers }: LayerSubject,
  options: ApplyOptions<State> = {},
): Results {
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
export function rowWith<S extends LayerSubject>(subject: S, row: number, steps: readonly number[]): S {
  return {
    ...subject,
    state: mapTree(subject.state, (s) => rowOf(s, row)),
    x: pick(subject.x, row, steps),
    extra: mapTree(subject.extra, (e) => pick(e, row, steps)),
  };
}

/** The subject with the steps `from` to `to`. */
export const within = <S extends LayerSubject>(subject: S, from: number, to: number): S => ({
  ...subject,
  x: stepsOf(subject.x, from, to),
  extra: mapTree(subject.extra, (e) => stepsOf(e, from, to)),
});

export const rows = Array.from({ length: batch }, (_, row) => row);
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The tensors of a subject in f64 with respect to which it is differentiated: not masks, which are 0 or 1. */
export function trained({ layer, params, x, state, extra: given }: LayerSubject) {
  const floats = (tree: Readonly<Record<string, Tensor>>) =>
    Object.fromEntries(Object.entries(tree).filter(([, value]) => isFloat(value.dtype)));
  const isMask = (name: string): boolean => {
    const spec = layer.extra[name];
    return spec !== undefined && inputOf(spec).values === "mask";
  };
  const extra = Object.fromEntries(Object.entries(given).filter(([name]) => !isMask(name)));
  const states = Object.fromEntries(leavesOf(state).map(({ path, tensor: s }) => [path, s]));
  return { params, ...(isFloat(x.dtype) ? { x } : {}), state: floats(states), extra: floats(extra) };
}

export type Trained = ReturnType<typeof trained>;

/** A run at other values of what is differentiated by. */
export function runAt(subject: LayerSubject, at: Trained, options: ApplyOptions<State>): Results {
  const state = mapTree(subject.state, (s, path) => at.state[path] ?? s);
  const extra = { ...subject.extra, ...at.extra };
  return run({ ...subject, params: at.params, x: at.x ?? subject.x, state, extra }, options);
}

/** A weighted sum of all results of a run, so that every gradient counts. */
export function weighed(results: Tree): Tensor {
  const terms = leavesOf(results).flatMap(({ path, tensor: y }) =>
    isFloat(y.dtype) ? [sum(mul(y, normal(keyFor(key(6), path), y.shape, { dtype: y.dtype })))] : [],
  );
  return terms.reduce((a, b) => sum(concat([reshape(a, [1]), reshape(b, [1])], 0)));
}
