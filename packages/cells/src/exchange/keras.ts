import {
  concat,
  sliceAxis,
  stack as stackTensors,
  take,
  TensorError,
  zerosLike,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkParameters } from "@sluice/params";
import type { Layer } from "../layers/layer.ts";
import { isDense, isSequence } from "./layers.ts";
import { checked, checkNames, isZero, plainCell, weightOf, type Named, type PlainCell } from "./plain.ts";

/**
 * The weights of one layer in Keras's layout: `kernel` `[input, gates * units]`, `recurrent_kernel` and `bias`, of
 * `SimpleRNN`, `GRU`, `LSTM` and `Dense`. Keras orders a GRU's gates z, r, h; its bias is `[2, 3 * units]` with reset
 * after the product and `[3 * units]` before.
 *
 * An error says where Keras has no such layer: two biases of an RNN, an LSTM or a GRU with reset before, normalization.
 */
export function toKeras<P extends Tree>(layer: Layer<P>, params: P): Record<string, Tensor>;
export function toKeras(layer: Layer, params: Tree): Record<string, Tensor> {
  checkParameters("toKeras", layer.params, params);
  if (isDense(layer)) {
    const kernel = weightOf(params, "W", [layer.input, layer.features]);
    return { kernel, ...("b" in layer.params ? { bias: weightOf(params, "b", [layer.features]) } : {}) };
  }
  const cell = kerasCell(layer);
  const { kind, input, hidden, gates, biases } = cell;
  const width = gates * hidden;
  const order = (x: Tensor): Tensor => (kind === "gru" ? swapGates(x, hidden) : x);
  const kernel = order(weightOf(params, "W", [input, width]));
  const recurrent = order(weightOf(params, "U", [hidden, width]));
  if (biases === 0) return { kernel, recurrent_kernel: recurrent };
  const b = order(weightOf(params, "b", [width]));
  if (!twoRows(cell)) return { kernel, recurrent_kernel: recurrent, bias: b };
  const bh = biases === 2 ? order(weightOf(params, "bh", [width])) : zerosLike(b);
  return { kernel, recurrent_kernel: recurrent, bias: stackTensors([b, bh]) };
}

/** Parameters of one layer from Keras's weights (see {@link toKeras}); every weight must have its place. */
export function fromKeras<P extends Tree>(layer: Layer<P>, named: Named): P;
export function fromKeras(layer: Layer, named: Named): Tree {
  if (isDense(layer)) {
    const bias = "b" in layer.params;
    checkNames(named, ["kernel", ...(bias ? ["bias"] : [])], where);
    const W = checked(named, "kernel", [layer.input, layer.features], where);
    return { W, ...(bias ? { b: checked(named, "bias", [layer.features], where) } : {}) };
  }
  const cell = kerasCell(layer);
  const { kind, input, hidden, gates, biases } = cell;
  const width = gates * hidden;
  const order = (x: Tensor): Tensor => (kind === "gru" ? swapGates(x, hidden) : x);
  checkNames(named, ["kernel", "recurrent_kernel", ...(biases === 0 ? [] : ["bias"])], where);
  const W = order(checked(named, "kernel", [input, width], where));
  const U = order(checked(named, "recurrent_kernel", [hidden, width], where));
  if (biases === 0) return { W, U };
  if (!twoRows(cell)) return { W, U, b: order(checked(named, "bias", [width], where)) };
  const bias = checked(named, "bias", [2, width], where);
  const [b, bh] = [order(take(bias, 0)), order(take(bias, 1))];
  if (biases === 2) return { W, U, b, bh };
  if (!isZero(bh))
    throw new TensorError(
      "Keras: the cell has one bias, and the second row of bias is not zero; make the cell with biases: 2",
    );
  return { W, U, b };
}

const where = "Keras";

function kerasCell(layer: Layer): PlainCell {
  if (!isSequence(layer))
    throw new TensorError(`Keras: ${layer.name} is not one layer of Keras; convert its layers one by one`);
  const cell = plainCell(layer.cell, where);
  if (cell.biases === 2 && !twoRows(cell)) {
    throw new TensorError(
      `Keras: its ${cell.kind}${cell.kind === "gru" ? " with reset before" : ""} has one bias; the sum of two would be rounded. Make the cell with biases: 1`,
    );
  }
  return cell;
}

const twoRows = ({ kind, reset }: PlainCell): boolean => kind === "gru" && reset === "after";

/** r, z, n to z, r, n and back, along the last axis. */
function swapGates(x: Tensor, hidden: number): Tensor {
  const block = (i: number): Tensor => sliceAxis(x, x.shape.length - 1, i * hidden, (i + 1) * hidden);
  return concat([block(1), block(0), block(2)], -1);
}
