/** The float states of a cell as one vector, and back. */
import { statesOf, type Cell, type State } from "@sluice/cells";
import { concat, leavesOf, mapTree, reshape, sliceAxis, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkMade, lookUp, nth, sizeOf } from "@sluice/tensor/internal";
import type { StatePart } from "./results.ts";

/**
 * Where each float state of a cell stands in its state vector: all their values, state after state in the order of the
 * cell. An LSTM of 8 units has h at 0 to 8 and c at 8 to 16. States of i32 and bool, such as a step index, are not part
 * of the vector. Throws a TensorError if the cell has no float state.
 */
export function stateParts<P extends Tree, S extends State>(cell: Cell<P, S>): readonly StatePart[] {
  checkCell("stateParts", cell);
  let from = 0;
  const parts = statesOf(cell.state).flatMap(({ path, shape, dtype }) => {
    if (dtype !== "f32") return [];
    const part = { path, shape, from, to: from + sizeOf(shape) };
    from = part.to;
    return [part];
  });
  if (parts.length > 0) return parts;
  throw new TensorError(`${cell.name}: it has no float state, so there is no state vector`);
}

/** Throws an error unless a value is a cell. */
export function checkCell(operation: string, cell: unknown): void {
  const members = { name: "string", step: "function", init: "function", state: "object", sizes: "object" };
  checkMade(operation, "the cell", cell, members, "gru({ input, hidden })");
}

/** The length of the state vector. */
export const vectorSize = (parts: readonly StatePart[]): number => parts.at(-1)?.to ?? 0;

/** States `[...lead, ...]` as vectors `[...lead, n]`. */
export function toVector(parts: readonly StatePart[], state: State): Tensor {
  const byPath = new Map(leavesOf(state).map(({ path, tensor }) => [path, tensor]));
  const pieces = parts.map(({ path, shape, from, to }) => {
    const piece = lookUp(byPath, path, `the state ${path} is missing`);
    return reshape(piece, [...piece.shape.slice(0, piece.shape.length - shape.length), to - from]);
  });
  return pieces.length === 1 ? nth(pieces, 0) : concat(pieces);
}

/** `state` with its float states replaced by the vectors `[...lead, n]`. */
export function fromVector<S extends State>(parts: readonly StatePart[], vector: Tensor, state: S): S {
  const lead = vector.shape.slice(0, -1);
  const byPath = new Map(parts.map((part) => [part.path, part]));
  return mapTree(state, (other, path) => {
    const part = byPath.get(path);
    if (part === undefined) return other;
    return reshape(sliceAxis(vector, lead.length, part.from, part.to), [...lead, ...part.shape]);
  });
}
