import type { Tensor } from "@sluice/tensor";
import type { Node, ScanOperation } from "@sluice/tensor/internal";
import { splitScan } from "@sluice/tensor/internal";
import { roleOf } from "./roles.ts";
import { sameTensor } from "./tensor-map.ts";

/**
 * The number of batch rows, if a loop's step works row by row: row b of every value that the step computes depends on
 * row b of the others alone, and on what is the same for all rows. Threads can then take rows each, and run the whole
 * loop without waiting for one another.
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
  const isByRow = (x: Tensor): boolean => x.kind === "symbol" && byRow.has(x.node);
  const hasRows = (x: Tensor): boolean => x.shape[0] === rows;
  for (const node of body.nodes) {
    const isView = roleOf(node) === "view";
    // A view of what the step only reads is as good as what it looks at.
    if (isView && !node.inputs.some(isByRow)) continue;
    if (!keepsRows(node, rows, isByRow, hasRows)) return undefined;
    byRow.add(node);
  }
  const results = body.outputs.map((y, i) => {
    if (i < operation.states && sameTensor(y, inner.states[i]!)) return true;
    return hasRows(y);
  });
  return results.every(Boolean) ? rows : undefined;
}

function keepsRows(
  node: Node,
  rows: number,
  isByRow: (x: Tensor) => boolean,
  hasRows: (x: Tensor) => boolean,
): boolean {
  const { operation, inputs } = node;
  const [output] = node.outputs;
  if (output === undefined || output.shape[0] !== rows) return false;
  const [first, second] = inputs;
  switch (operation.op) {
    case "broadcast":
      return first!.shape.length === operation.shape.length && hasRows(first!);
    case "reshape":
    case "name":
    case "stopGradient":
      return hasRows(first!);
    case "transpose":
      return operation.axes[0] === 0;
    case "slice":
      return operation.starts[0] === 0 && operation.stops[0] === rows && hasRows(first!);
    case "concat":
      return operation.axis !== 0;
    case "pad":
      return operation.before[0] === 0 && operation.after[0] === 0;
    case "reduceSum":
    case "reduceMax":
    case "cumulativeSum":
      return operation.axis !== 0;
    case "matmul":
      return inputs[0]!.shape.length === 2 ? !isByRow(second!) : true;
    case "gather":
      return !isByRow(first!) && second!.shape[0] === rows;
    case "randomBits":
      return !inputs.some(isByRow);
    case "checkpoint":
    case "input":
    case "iota":
    case "scan":
    case "scatterAdd":
      return false;
    default:
      return true;
  }
}
