/** A cell's step in evaluation as a map of its state vector, and the map's Jacobian. */
import { evaluation, inputOf, type Cell, type State } from "@sluice/cells";
import { buffersOf, makeWeights, weightBuffers } from "@sluice/params";
import {
  broadcastTo,
  convert,
  equal,
  iota,
  isTensor,
  mapTree,
  reshape,
  vjp,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import type { StatePart } from "./results.ts";
import { fromVector, stateParts, toVector, vectorSize } from "./state-vector.ts";

/** What a step reads besides the state, one row for each state. */
export type StepInput = {
  readonly x: Tensor;
  readonly extra: Readonly<Record<string, Tensor>>;
};

/** A cell's step with its weights. */
export interface CellMap<S extends State> {
  readonly parts: readonly StatePart[];
  /** The length n of the state vector. */
  readonly size: number;
  /** The states `[rows, ...]` after one step. */
  next(state: S, input: StepInput): S;
}

/** The step of a cell with these parameters, and with the buffers of a layer of it. */
export function cellMap<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  buffers: Tree | undefined,
): CellMap<S> {
  const parts = stateParts(cell);
  const { own, weights: ofWeights } = parted(cell, buffers);
  const { weights } = makeWeights(cell, params, { buffers: ofWeights });
  return {
    parts,
    size: vectorSize(parts),
    next: (state, { x, extra }) => cell.step(weights, state, x, { ...evaluation, buffers: own, extra }).state,
  };
}

/** The buffers of a layer: those of the cell, and those of its reparametrized weights. */
function parted<P extends Tree, S extends State>(cell: Cell<P, S>, given: Tree | undefined) {
  const buffers = given ?? {};
  if (buffersOf(weightBuffers(cell.params)).length === 0) return { own: buffers, weights: {} };
  const children = new Map(isTensor(buffers) ? [] : Object.entries<Tree>(buffers));
  return { own: children.get("own") ?? {}, weights: children.get("weights") ?? {} };
}

/** The extra inputs that a cell declares. As in a layer, a bool that is read as a number is 0 or 1. */
export function extraOf<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  given: Readonly<Record<string, Tensor>> = {},
): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    Object.entries(cell.extra).flatMap(([name, spec]) => {
      const [x, { dtype }] = [given[name], inputOf(spec)];
      if (x === undefined) return [];
      return [[name, x.dtype === "bool" && dtype !== "bool" ? convert(x, dtype) : x]];
    }),
  );
}

/**
 * dF/ds at states `[rows, ...]`, `[rows, n, n]`: entry `[i, j]` is the derivative of new state i by old state j. One
 * backward pass over n copies of each row, the copy i of which has the cotangent of state i.
 */
export function jacobiansAt<S extends State>({ parts, size: n, next }: CellMap<S>, state: S, input: StepInput): Tensor {
  const vector = toVector(parts, state);
  const [rows = 0] = vector.shape;
  const copies = (x: Tensor): Tensor => copiesOf(x, n);
  const [states, inputs] = [mapTree(state, copies), mapTree(input, copies)];
  const { pullback } = vjp(
    (s: Tensor) => toVector(parts, next(fromVector(parts, s, states), inputs)),
    toVector(parts, states),
  );
  const [jacobians] = pullback(cotangents(rows, n, vector));
  return reshape(jacobians, [rows, n, n]);
}

/** Each row of `[rows, ...]` n times, `[rows n, ...]`. */
export function copiesOf(x: Tensor, n: number): Tensor {
  const [rows = 0, ...rest] = x.shape;
  return reshape(broadcastTo(reshape(x, [rows, 1, ...rest]), [rows, n, ...rest]), [rows * n, ...rest]);
}

/** The unit vectors, once for each row: `[rows n, n]`. */
export function cotangents(rows: number, n: number, { dtype }: Tensor): Tensor {
  const identity = convert(equal(iota([n, n], { axis: 0 }), iota([n, n], { axis: 1 })), dtype);
  return reshape(broadcastTo(reshape(identity, [1, n, n]), [rows, n, n]), [rows * n, n]);
}
