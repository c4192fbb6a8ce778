/** A cell with a constant input: a map of its state alone. */
import { sequence, type Cell, type State } from "@sluice/cells";
import { broadcastTo, convert, mapTree, reshape, type DType, type Tensor, type Tree } from "@sluice/tensor";
import { isFloat } from "@sluice/tensor/internal";
import { cellMap, jacobiansAt, type StepInput } from "../cell-map.ts";
import { fromVector, toVector } from "../state-vector.ts";

/** The tensors that the map depends on: arguments of the compiled programs. */
export type Given<P extends Tree> = {
  readonly params: P;
  readonly buffers: Tree;
  /** Of one example: the same for all states. */
  readonly input: StepInput;
};

/** The map of state vectors `[rows, n]`. */
export interface AutonomousMap {
  next(vectors: Tensor): Tensor;
  jacobians(vectors: Tensor): Tensor;
}

/** The map of a cell for some number of rows. */
export function autonomousMap<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  { params, buffers, input }: Given<P>,
  rows: number,
): AutonomousMap {
  const map = cellMap(cell, params, buffers);
  const inputs = mapTree(input, (x) => broadcastTo(reshape(x, [1, ...x.shape]), [rows, ...x.shape]));
  const nesting = sequence(cell).initialState(rows, { params });
  const stateOf = (vectors: Tensor): S => fromVector(map.parts, vectors, nesting);
  return {
    next: (vectors) => toVector(map.parts, map.next(stateOf(vectors), inputs)),
    jacobians: (vectors) => jacobiansAt(map, stateOf(vectors), inputs),
  };
}

/** The same with floats of another dtype. */
export function asDType<T extends Tree>(given: T, dtype: DType): T {
  return mapTree(given, (x) => (isFloat(x.dtype) ? convert(x, dtype) : x));
}
