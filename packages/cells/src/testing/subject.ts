/** What laws are checked on: a layer, or a cell over time, with parameters, a state, a batch of sequences and extra inputs. */
import {
  add,
  convert,
  key,
  keyFor,
  mapTree,
  normal,
  sliceAxis,
  tensor,
  valuesOf,
  type ArrayTensor,
  type DType,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat, sizeOf, zerosArray } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import type { Cell } from "../cell/cell.ts";
import { inputOf, type InputSpec } from "../cell/inputs.ts";
import type { Layer } from "../layers/layer.ts";
import { sequence } from "../layers/sequence.ts";
import { exampleInput } from "./example-input.ts";
import type { State } from "../cell/states.ts";

export const [batch, time] = [3, 4];

/** Values of an extra input, or of `x`, for a cell that does not accept arbitrary values. */
export type MakeInput = (name: string, spec: Required<InputSpec>, lead: Shape, key: ArrayTensor) => Tensor | undefined;

/** What the laws of a cell are checked on. */
export interface Subject extends LayerSubject {
  readonly cell: Cell;
}

/** What the laws of any layer are checked on. */
export interface LayerSubject {
  readonly layer: Layer<Tree, State>;
  /** Away from their initial values, so that every term counts. */
  readonly params: Tree;
  readonly state: State;
  /** Away from the initial state too. */
  readonly buffers: Tree;
  /** `[batch, time, ...]`. */
  readonly x: Tensor;
  readonly extra: Readonly<Record<string, Tensor>>;
}

export function subjectOf(cell: Cell, makeInput: MakeInput | undefined, dtype: DType = "f32"): Subject {
  return { cell, ...layerSubject(sequence(cell), makeInput, dtype) };
}

export function layerSubject(
  layer: Layer<Tree, State>,
  makeInput: MakeInput | undefined,
  dtype: DType = "f32",
): LayerSubject {
  const root = key(7);
  const draw = (name: string, given: InputSpec): Tensor => {
    const [spec, own] = [inputOf(given), keyFor(root, name)];
    return asFloat(makeInput?.(name, spec, [batch, time], own) ?? exampleInput(spec, [batch, time], own), dtype);
  };
  const away = <T extends Tree>(tree: T, name: string): T =>
    mapTree(tree, (value, path) =>
      isFloat(value.dtype)
        ? add(value, normal(keyFor(root, `${name} ${path}`), value.shape, { deviation: 0.3, dtype: value.dtype }))
        : value,
    );
  const params = away(layer.init(keyFor(root, "init"), { dtype }), "params");
  return {
    layer,
    params,
    buffers: away(layer.initialBuffers({ dtype }), "buffers"),
    state: away(layer.initialState(batch, { params, dtype }), "state"),
    x: draw("x", inputOf(layer.x ?? [layer.input])),
    extra: Object.fromEntries(Object.entries(layer.extra).map(([name, spec]) => [name, draw(name, inputOf(spec))])),
  };
}

const asFloat = (x: Tensor, dtype: DType): Tensor => (isFloat(x.dtype) ? convert(x, dtype) : x);

/** Steps `from` to `to` of `[batch, time, ...]`. */
export const stepsOf = (x: Tensor, from: number, to: number): Tensor => sliceAxis(x, 1, from, to);

/** Row `row` of `[batch, ...]`, as a batch of one. */
export const rowOf = (x: Tensor, row: number): Tensor => sliceAxis(x, 0, row, row + 1);

/** bool `[batch, time]`, given row by row. */
export const flagsOf = (rows: readonly (readonly number[])[]): ArrayTensor =>
  tensor(rows.flat(), [rows.length, rows[0]?.length ?? 0], { dtype: "bool" });

/** The steps of one row of `[batch, time, ...]` at these positions. */
export function pick(x: Tensor, row: number, steps: readonly number[]): ArrayTensor {
  const width = sizeOf(x.shape.slice(2));
  const values = valuesOf(x);
  const out = zerosArray([1, steps.length, ...x.shape.slice(2)], x.dtype);
  const data = out.data.slice();
  steps.forEach((t, i) => {
    const from = (row * axisSize(x, 1) + t) * width;
    data.set(values.subarray(from, from + width), i * width);
  });
  return { ...out, data };
}
