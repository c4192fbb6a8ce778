import { type Shape } from "@sluice/tensor";
import { PRODUCT_BLOCK, sizeOf, type Node } from "@sluice/tensor/internal";
import type { OperationWith } from "../facts/facts.ts";
import { zerosBeyond } from "./active-rows.ts";
import { isCheaperUnpacked, pack, walkable } from "./operand.ts";
import type { Placement } from "./placement.ts";
import type { MatmulStep, View } from "./plan.ts";
import { newBuffer, pushFor, tableOf, type Context, type Scope } from "./scope.ts";
import { nodeOutput } from "../program/tensor-map.ts";
import { contiguous, storage, viewOf } from "./values.ts";
import { reshapeView } from "./view.ts";

type AnchorNode = Node & { readonly operation: OperationWith<"anchor"> };

/** An operation that is a separate step. */
export function lowerAnchor(context: Context, scope: Scope, node: AnchorNode, placement: Placement): void {
  const { operation, inputs } = node;
  const read = (i: number): View => viewOf(context, scope, inputs[i]!);
  const readAs = (i: number, shape: Shape): View => {
    const view = read(i);
    return reshapeView(view, shape) ?? contiguous(context, scope, view, inputs[i]!.dtype, shape);
  };
  const write = (): View => storage(context, scope, nodeOutput(node), placement);
  const dtype = node.outputs[0]?.dtype ?? "f32";
  const active = context.ragged.active(node);
  const contracted = context.ragged.contracted(node);
  const table = contracted && tableOf(context, contracted.region);
  const positions = table && { positions: contracted.faster === "batch" ? table.positions : table.byRow! };
  const fill = (y: View): void => {
    if (active?.filled.includes(0) === true)
      scope.steps.push(zerosBeyond(y, dtype, active.layout, tableOf(context, active.region), scope.depth));
  };
  switch (operation.op) {
    case "matmul": {
      const [a, b] = [0, 1].map((i) => walkable(context, scope, read(i), inputs[i]!.dtype));
      const c = write();
      const transposed = a!.strides.at(-1) !== 1 && a!.shape.at(-1) !== 1;
      const packed =
        transposed || positions !== undefined || isCheaperUnpacked(context, scope, a!, b!)
          ? undefined
          : pack(context, scope, b!);
      pushFor(context, scope, active, {
        kind: "matmul",
        a: a!,
        b: b!,
        c,
        ...(packed ? { packed } : {}),
        ...positions,
        ...(transposed ? waitingOf(context, scope, a!, c) : {}),
      });
      fill(c);
      return;
    }
    case "reduceSum":
    case "reduceMax": {
      const op = operation.op === "reduceSum" ? "sum" : "max";
      const y = write();
      pushFor(context, scope, active, { kind: "reduce", op, dtype, x: read(0), y, axis: operation.axis, ...positions });
      fill(y);
      return;
    }
    case "cumulativeSum": {
      const { axis, reverse } = operation;
      scope.steps.push({ kind: "cumulativeSum", dtype, x: read(0), y: write(), axis, reverse });
      return;
    }
    case "gather": {
      const [x, indices] = inputs;
      const [rows, ...rest] = x!.shape;
      const [count, width] = [sizeOf(indices!.shape), sizeOf(rest)];
      const y = reshapeView(write(), [count, width])!;
      pushFor(context, scope, active, { kind: "gather", x: readAs(0, [rows!, width]), indices: readAs(1, [count]), y });
      return;
    }
    case "scatterAdd": {
      const count = sizeOf(inputs[0]!.shape);
      const width = sizeOf(node.outputs[0]!.shape.slice(1));
      const y = reshapeView(write(), [operation.rows, width])!;
      scope.steps.push({
        kind: "scatterAdd",
        dtype,
        indices: readAs(0, [count]),
        updates: readAs(1, [count, width]),
        y,
      });
      return;
    }
    case "randomBits":
      pushFor(context, scope, active, { kind: "randomBits", key: read(0), stream: read(1), y: write() });
      return;
    case "iota":
    case "scan":
      throw new Error(`plan: ${operation.op} should have been evaluated, or lowered as a loop`);
  }
}

/** Memory for the totals of a long product's blocks. Of n blocks, one total waits for each bit of n - 1 that is set. */
function waitingOf(context: Context, scope: Scope, a: View, c: View): Pick<MatmulStep, "waiting"> {
  const blocks = Math.ceil(a.shape.at(-1)! / PRODUCT_BLOCK);
  const [m, n] = c.shape;
  if (c.shape.length !== 2 || m! < 2 || blocks < 2) return {};
  return { waiting: newBuffer(context, { shape: [32 - Math.clz32(blocks - 1), m!, n!], dtype: "f32" }, scope.depth) };
}
