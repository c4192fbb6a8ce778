import type { Tensor } from "@sluice/tensor";
import type { Node, ScanOperation } from "@sluice/tensor/internal";
import { splitScan } from "@sluice/tensor/internal";
import { factsOf } from "./facts.ts";
import { roleOf } from "./roles.ts";
import { sameTensor } from "../program/tensor-map.ts";

/**
 * The number of batch rows, if a loop's step works row by row: row b of every value that the step computes depends only
 * on row b of other values, and on values that are the same for all rows. Threads can then divide the rows and run the
 * whole loop without waiting for each other.
 */
export function rowsOf(operation: ScanOperation): number | undefined {
  const { body } = operation;
  const inner = splitScan(operation, body.inputs);
  const rows = inner.states[0]?.shape[0];
  if (rows === undefined) return undefined;
  const byRow = new Set<Node>();
  for (const x of inner.states) {
    if (x.shape[0] !== rows) return undefined;
    byRow.add(x.node);
  }
  const isByRow = (x: Tensor | undefined): boolean => x?.kind === "symbol" && byRow.has(x.node);
  const hasRows = (x: Tensor): boolean => x.shape[0] === rows;
  for (const node of body.nodes) {
    const { operation: inner, inputs, outputs } = node;
    // A view of a value that the step only reads is treated like that value.
    if (roleOf(node) === "view" && !inputs.some(isByRow)) continue;
    if (outputs[0]?.shape[0] !== rows) return undefined;
    if (!factsOf(inner).rows({ operation: inner, inputs, rows, isByRow })) return undefined;
    byRow.add(node);
  }
  const isKept = (y: Tensor, i: number): boolean => {
    const state = inner.states[i];
    return state !== undefined && sameTensor(y, state);
  };
  return body.outputs.every((y, i) => isKept(y, i) || hasRows(y)) ? rows : undefined;
}
