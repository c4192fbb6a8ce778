/**
 * What the laws of a normalizer are checked on: one tensor that it normalizes, with parameters, buffers and a context.
 */
import {
  add,
  key,
  keyFor,
  normal,
  tensor,
  TensorError,
  valuesOf,
  type ArrayTensor,
  type DType,
  type Shape,
  type Tensor,
} from "@sluice/tensor";
import type { NormalizedPart, Normalizer, NormalizerContext } from "../normalizer.ts";

export const batch = 6;
export const root: ArrayTensor = key(7);

/** What is normalized in a cell, with the shape of one example. Every width can be divided into 2, 3 or 6 groups. */
const parts: readonly { readonly part: NormalizedPart; readonly shape: Shape }[] = [
  { part: "input", shape: [12] },
  { part: "recurrent", shape: [12] },
  { part: "other", shape: [12] },
  { part: "gates", shape: [2, 6] },
  { part: "cell", shape: [batch] },
];

export type Tensors = Readonly<Record<string, Tensor>>;

export interface Subject {
  readonly normalizer: Normalizer;
  readonly part: NormalizedPart;
  readonly shape: Shape;
  /** Away from their initial values, so that every term counts. */
  readonly params: Tensors;
  readonly buffers: Tensors;
  /** `[batch, ...shape]`. */
  readonly x: Tensor;
  /** i32 `[batch]`, not the same for all rows. */
  readonly stepIndex: Tensor;
}

/** Every part of a normalizer. */
export const subjectsOf = (normalizer: Normalizer, dtype: DType = "f32"): readonly Subject[] =>
  parts.map(({ part, shape }) => {
    const away = (name: string, x: Tensor): Tensor =>
      add(x, normal(keyFor(root, `${part} ${name}`), x.shape, { deviation: 0.2, dtype }));
    return {
      normalizer,
      part,
      shape,
      params: mapRecord(normalizer.params(shape, part), (spec, name) =>
        away(name, asDType(spec.initializer(keyFor(root, name), spec.shape), dtype)),
      ),
      buffers: mapRecord(normalizer.buffers?.(shape, part) ?? {}, (spec, name) => away(name, filled(spec, dtype))),
      x: normal(keyFor(root, `${part} x`), [batch, ...shape], { deviation: 2, dtype }),
      stepIndex: tensor([0, 1, 1, 2, 40, 3], [batch], { dtype: "i32" }),
    };
  });

export interface Given {
  readonly training: boolean;
  /** bool `[batch]`; default all rows. */
  readonly active?: Tensor | undefined;
  /** Called when the normalizer reads which rows are active. */
  readonly asked?: () => void;
}

/** The result of `apply` for a subject. */
export function applied(subject: Subject, { training, active, asked }: Given): { output: Tensor; observed: Tensors } {
  const { normalizer, part, params, buffers, x, stepIndex } = subject;
  const context: NormalizerContext = {
    training,
    buffers,
    active() {
      asked?.();
      return active;
    },
    stepIndex: normalizer.stepIndex === true ? stepIndex : undefined,
    key() {
      if (training) return keyFor(root, "step");
      throw new TensorError(`${normalizer.name} draws in evaluation`);
    },
  };
  const returned = normalizer.apply(params, x, context);
  const { output, observed } = "kind" in returned ? { output: returned, observed: {} } : returned;
  return { output, observed: mapRecord(observed, (y, name) => checkTensor(`${part}: observed ${name}`, y)) };
}

/** Whether a normalizer reads which rows are active, so that it may mix rows. */
export function mixesRows(subject: Subject, training: boolean): boolean {
  let asked = false;
  applied(subject, { training, asked: () => (asked = true) });
  return asked;
}

export const flags = (values: readonly number[]): ArrayTensor => tensor(values, [values.length], { dtype: "bool" });

export const filled = ({ shape, initial }: { readonly shape: Shape; readonly initial: number }, dtype: DType): Tensor =>
  tensor(
    Array.from({ length: shape.reduce((size, n) => size * n, 1) }, () => initial),
    shape,
    { dtype },
  );

const asDType = (x: Tensor, dtype: DType): ArrayTensor => tensor(Array.from(valuesOf(x)), x.shape, { dtype });

export function mapRecord<A, B>(record: Readonly<Record<string, A>>, f: (value: A, name: string) => B) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}

/** Row `row` of `[batch, ...]`, as a batch of one. */
export function rowOf(x: Tensor, row: number): ArrayTensor {
  const width = x.shape.slice(1).reduce((size, n) => size * n, 1);
  const values = Array.from(valuesOf(x)).slice(row * width, (row + 1) * width);
  return tensor(values, [1, ...x.shape.slice(1)], { dtype: x.dtype });
}

/** `x` with other values in some rows. */
export function withRows(x: Tensor, rows: readonly number[], value: number): ArrayTensor {
  const width = x.shape.slice(1).reduce((size, n) => size * n, 1);
  const values = Array.from(valuesOf(x), (v, i) => (rows.includes(Math.floor(i / width)) ? value + i : v));
  return tensor(values, x.shape, { dtype: x.dtype });
}

function checkTensor(what: string, x: Tensor | undefined): Tensor {
  if (x !== undefined) return x;
  throw new TensorError(`${what} is undefined`);
}
