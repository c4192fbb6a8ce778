/** What the laws of a fusion are checked on: the fusion with parameters and a batch of modalities. */
import { inputOf, type InputSpec } from "@sluice/cells";
import {
  add,
  bernoulli,
  convert,
  cumulativeSum,
  key,
  keyFor,
  leavesOf,
  mapTree,
  mul,
  normal,
  select,
  sliceAxis,
  sum,
  tensor,
  uniform,
  valuesOf,
  type ArrayTensor,
  type DType,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat } from "@sluice/tensor/internal";
import type { FuseOptions, Fused, Fusion } from "../fusion.ts";

export const batch = 4;
export const rows: readonly number[] = Array.from({ length: batch }, (_, row) => row);

/** Values of a modality's `x`, or of an extra, of the shape `[...lead, ...spec.shape]`. */
export type MakeModality = (
  name: string,
  spec: Required<InputSpec>,
  lead: Shape,
  key: ArrayTensor,
) => Tensor | undefined;

/** A described modality that is a tree of tensors. */
export type Described = {
  readonly x: Tensor;
  readonly lengths?: Tensor;
  readonly times?: Tensor;
  readonly present?: Tensor;
  readonly extra?: Readonly<Record<string, Tensor>>;
};

export type Modalities = Readonly<Record<string, Described>>;

export interface Subject {
  readonly fusion: Fusion;
  /** Away from their initial values, so that every term counts. */
  readonly params: Tree;
  /** Those that one step of training leaves; `{}` for a fusion without any. */
  readonly buffers: Tree;
  /** All rows with all steps; sequences with times. */
  readonly modalities: Modalities;
}

export function subjectOf(fusion: Fusion, make: MakeModality | undefined, dtype: DType = "f32"): Subject {
  const root = key(7);
  const draw = (name: string, spec: Required<InputSpec>, lead: Shape): Tensor => {
    const own = keyFor(root, name);
    const x = make?.(name, spec, lead, own) ?? drawn(spec, lead, own);
    return isFloat(x.dtype) ? convert(x, dtype) : x;
  };
  const params = mapTree(fusion.init(keyFor(root, "init"), { dtype }), (value, path) =>
    add(value, normal(keyFor(root, `params ${path}`), value.shape, { deviation: 0.3, dtype })),
  );
  const described = Object.entries(fusion.inputs).map(([name, { kind, width, x, extra = {} }], m) => {
    const lead = kind === "vector" ? [batch] : [batch, timeOf(fusion, m)];
    const drawnX = draw(name, inputOf(x ?? [width]), lead);
    if (kind === "vector") return [name, { x: drawnX }];
    const gaps = uniform(keyFor(root, `${name} times`), lead, { low: 0.5, high: 1.5, dtype });
    const extras = Object.fromEntries(
      Object.entries(extra).map(([of, spec]) => [of, draw(`${name} ${of}`, inputOf(spec), lead)]),
    );
    return [
      name,
      { x: drawnX, times: cumulativeSum(gaps, 1), ...(Object.keys(extras).length > 0 && { extra: extras }) },
    ];
  });
  const modalities = Object.fromEntries(described);
  const first = fusion.initialBuffers({ dtype });
  if (leavesOf(first).length === 0) return { fusion, params, buffers: first, modalities };
  const { buffers } = fusion.apply(params, modalities, { training: true, key: keyFor(root, "step"), buffers: first });
  return { fusion, params, buffers, modalities };
}

/** The number of steps of modality `m`; sequences have the same number only if they are aligned. */
const timeOf = (fusion: Fusion, m: number): number => (fusion.aligned ? 4 : 4 - (m % 3) + (m > 0 ? 1 : 0));

function drawn({ shape, dtype }: Required<InputSpec>, lead: Shape, own: ArrayTensor): Tensor {
  const whole = [...lead, ...shape];
  if (dtype === "f32") return normal(own, whole);
  const coins = bernoulli(own, whole, 0.5);
  return dtype === "bool" ? coins : convert(coins, dtype);
}

/** Which rows have which modality: all, all but one each, and none. */
export function missing(modalities: Modalities): Modalities {
  const count = Object.keys(modalities).length;
  return Object.fromEntries(
    Object.entries(modalities).map(([name, modality], m) => {
      const has = (row: number): boolean => row === 0 || (row < batch - 1 && (row - 1) % count !== m);
      return [name, { ...modality, present: flags(rows.map(has)) }];
    }),
  );
}

/** Sequences with a length of their own in each row, 0 among them. */
export function ragged(modalities: Modalities): Modalities {
  return Object.fromEntries(
    Object.entries(modalities).map(([name, modality], m) => {
      const time = timeIn(modality);
      if (time === undefined) return [name, modality];
      const lengths = rows.map((row) => [time, 1, 0, time - 1][(row + m) % batch] ?? 0);
      return [name, { ...modality, lengths: integers(lengths) }];
    }),
  );
}

/** The number of steps of a sequence; undefined for a vector. Only sequences have times here. */
export const timeIn = ({ times }: Described): number | undefined => times?.shape[1];

export const flags = (values: readonly boolean[]): ArrayTensor =>
  tensor(values.map(Number), [values.length], { dtype: "bool" });

/** The modalities with `fill` as missing and padded values. */
export function filled(modalities: Modalities, fill: number): Modalities {
  return Object.fromEntries(
    Object.entries(modalities).map(([name, modality]) => {
      const { x, lengths, times, present, extra } = modality;
      const here = present === undefined ? rows.map(() => 1) : [...valuesOf(present)];
      const steps = lengths && valuesOf(lengths);
      const looked = (row: number, step: number): boolean =>
        here[row] === 1 && (steps === undefined || step < (steps[row] ?? 0));
      const fillIn = (value: Tensor): Tensor => {
        if (!isFloat(value.dtype)) return value;
        const inRow = value.shape.slice(1).reduce((size, n) => size * n, 1);
        const inStep = times === undefined ? inRow : inRow / (value.shape[1] ?? 1);
        const mask = Array.from(valuesOf(value), (_, i) =>
          Number(looked(Math.floor(i / inRow), Math.floor((i % inRow) / inStep))),
        );
        return select(tensor(mask, value.shape, { dtype: "bool" }), value, fill);
      };
      return [
        name,
        {
          ...modality,
          x: fillIn(x),
          ...(times && { times: fillIn(times) }),
          ...(extra && { extra: mapTree(extra, fillIn) }),
        },
      ];
    }),
  );
}

export const integers = (values: readonly number[]): ArrayTensor => tensor(values, [values.length], { dtype: "i32" });

/** One row of each modality, as a batch of one. */
export function rowOf(modalities: Modalities, row: number): Modalities {
  const cut = (value: Tensor): Tensor => sliceAxis(value, 0, row, row + 1);
  return Object.fromEntries(
    Object.entries(modalities).map(([name, { x, lengths, times, present, extra }]) => [
      name,
      {
        x: cut(x),
        ...(lengths && { lengths: cut(lengths) }),
        ...(times && { times: cut(times) }),
        ...(present && { present: cut(present) }),
        ...(extra && { extra: mapTree(extra, cut) }),
      },
    ]),
  );
}

export const run = ({ fusion, params, buffers, modalities }: Subject, options: FuseOptions = {}): Fused =>
  fusion.apply(params, modalities, { buffers, ...options });

/** All outputs of a fusion. */
export const allOf = ({ output, outputs }: Fused): Tree => ({ output, outputs });

/** The tensors with respect to which a fusion is differentiated: parameters and float modalities. */
export function trained({ params, modalities }: Subject) {
  const floats = Object.entries(modalities).flatMap(([name, { x, extra = {} }]) => [
    ...(isFloat(x.dtype) ? [[name, x] as const] : []),
    ...Object.entries(extra).flatMap(([of, value]) =>
      isFloat(value.dtype) ? [[`${name} ${of}`, value] as const] : [],
    ),
  ]);
  return { params, inputs: Object.fromEntries(floats) };
}

export type Trained = ReturnType<typeof trained>;

/** The subject with other values of these tensors. */
export function subjectAt(subject: Subject, { params, inputs }: Trained): Subject {
  const modalities = Object.entries(subject.modalities).map(([name, modality]) => [
    name,
    {
      ...modality,
      x: inputs[name] ?? modality.x,
      ...(modality.extra && {
        extra: mapTree(modality.extra, (value, of) => inputs[`${name} ${of}`] ?? value),
      }),
    },
  ]);
  return { ...subject, params, modalities: Object.fromEntries(modalities) };
}

/** A weighted sum of all outputs, so that every gradient counts. */
export function weighed(fused: Fused): Tensor {
  return leavesOf(allOf(fused))
    .map(({ path, tensor: y }) => sum(mul(y, normal(keyFor(key(6), path), y.shape, { dtype: y.dtype }))))
    .reduce((a, b) => add(a, b));
}
