import type { Node, Program } from "@sluice/tensor";
import { roleOf } from "../plan/roles.ts";
import { outputOf, TensorMap } from "../plan/tensor-map.ts";
import { axesOf, layoutAfter, moved, sameLayout, sameRegion, type Layout, type Region } from "./layout.ts";
import type { RaggedLoop } from "./loop.ts";
import { weakest, type Zero, zeroOfConstant, zeroOfElementwise, zeroOfSum } from "./zero.ts";

/** Rows of a value, of steps after their sequence's end: where they lie, and that they are zero. */
export interface ZeroRows {
  readonly region: Region;
  readonly layout: Layout;
  readonly zero: NonNullable<Zero>;
}

/** Which values outside of loops are zero where sequences are over. It begins with the loops' outputs. */
export function zeroRowsOf(program: Program, loops: ReadonlyMap<Node, RaggedLoop>): TensorMap<ZeroRows> {
  const known = new TensorMap<ZeroRows>();
  for (const node of program.nodes) {
    const loop = loops.get(node);
    loop?.zeros.forEach((zero, i) => {
      if (zero !== undefined) known.set(outputOf(node, node.outputs.length - loop.zeros.length + i), { region: loop.region, layout: { time: 0, batch: 1 }, zero });
    });
    if (node.operation.op === "scan" || node.outputs.length !== 1) continue;
    const rows = ofNode(node, node.inputs.map((x) => (x.kind === "symbol" ? known.get(x) : undefined)));
    if (rows !== undefined) known.set(outputOf(node), rows);
  }
  return known;
}

function ofNode(node: Node, rows: readonly (ZeroRows | undefined)[]): ZeroRows | undefined {
  const first = rows.find((x) => x !== undefined);
  if (first === undefined) return undefined;
  const { region, layout } = first;
  const operands = node.inputs.map((x, i): Zero => {
    const of = rows[i];
    return of === undefined ? zeroOfConstant(x) : sameRegion(of.region, region) && sameLayout(of.layout, layout) ? of.zero : undefined;
  });
  const as = (zero: Zero, at: Layout | undefined): ZeroRows | undefined => (zero === undefined || at === undefined ? undefined : { region, layout: at, zero });
  switch (roleOf(node)) {
    case "elementwise":
      return as(zeroOfElementwise(node.operation, operands), layout);
    case "view":
    case "assembly":
      return as(weakest(operands), layoutAfter(node, layout, region));
    default:
      return as(zeroOfSum(node, operands), layoutOfSum(node, layout));
  }
}

/** Where rows lie in a product with them on the left, or in a sum along another axis. */
function layoutOfSum({ operation, inputs }: Node, layout: Layout): Layout | undefined {
  const axes = axesOf(layout);
  if (operation.op === "matmul") return inputs[0]!.shape.length === 2 && axes.length === 1 && axes[0] === 0 ? layout : undefined;
  if (operation.op !== "reduceSum") return undefined;
  return axes.includes(operation.axis) ? undefined : moved(layout, (axis) => (axis > operation.axis ? axis - 1 : axis));
}
