import type { DType, Shape, Tensor } from "@sluice/tensor";
import { lookUp, nth, type SymbolTensor } from "@sluice/tensor/internal";
import { rowsInFront, type Rows } from "../ragged/layout.ts";
import { copyStep } from "./in-place.ts";
import type { Placement } from "./placement.ts";
import type { View } from "./plan.ts";
import type { OperationWith } from "../facts/facts.ts";
import { isView } from "../facts/roles.ts";
import { constantView, homeOf, newBuffer, pushFor, sameRows, type Context, type Scope } from "./scope.ts";
import { broadcastView, reshapeView, sameView, sliceView, transposeView, whole } from "./view.ts";

/** The destination of an elementwise value, an anchor's result or a loop's output. */
export function storage(context: Context, scope: Scope, x: SymbolTensor, placement: Placement): View {
  const view = placement.of(x) ?? newBuffer(context, x, scope.depth);
  scope.views.set(x, view);
  return view;
}

/** The memory of a computed value. Views need no copy, except for a reshape that cannot be a view. */
export function viewOf(context: Context, scope: Scope, x: Tensor): View {
  // A chain of views may be long.
  const chain: { readonly looking: SymbolTensor; readonly operation: OperationWith<"view"> }[] = [];
  let source = x;
  while (source.kind === "symbol" && !scope.views.has(source)) {
    const { node } = source;
    if (!isView(node)) throw new Error(`plan: ${node.operation.op} is read before it is computed`);
    chain.push({ looking: source, operation: node.operation });
    source = node.inputs[0];
  }
  let view =
    source.kind === "array"
      ? constantView(context, source)
      : lookUp(scope.views, source, "plan: a value is read before it is computed");
  for (const { looking, operation } of chain.toReversed()) {
    view =
      look(operation, view) ??
      contiguous(context, scope, view, looking.dtype, looking.shape, rowsOfSource(context, looking));
    scope.views.set(looking, view);
  }
  return view;
}

/** Which rows a reshape must copy, in the layout of its operand. */
function rowsOfSource({ ragged }: Context, x: SymbolTensor): Rows | undefined {
  const source = nth(x.node.inputs, 0);
  const rows = source.kind === "array" || ragged.unread(x) === undefined ? undefined : ragged.unread(source);
  return rows !== undefined && rowsInFront(rows.layout) ? rows : undefined;
}

function look(operation: OperationWith<"view">, source: View): View | undefined {
  switch (operation.op) {
    case "transpose":
      return transposeView(source, operation.axes);
    case "slice":
      return sliceView(source, operation.starts, operation.stops);
    case "broadcast":
      return broadcastView(source, operation.shape);
    case "reshape":
      return reshapeView(source, operation.shape);
    case "name":
    case "stopGradient":
      return source;
  }
}

/** A copy in a separate buffer, with the shape `shape`. A value that is constant in a loop is copied outside of it. */
export function contiguous(
  context: Context,
  scope: Scope,
  source: View,
  dtype: DType,
  shape: Shape,
  rows?: Rows,
): View {
  const home = homeOf(context, scope, source);
  const copies = home.copied.get(source.buffer) ?? [];
  home.copied.set(source.buffer, copies);
  const known = copies.find((copied) => sameView(copied.from, source) && sameRows(copied.rows, rows));
  if (known !== undefined) return whole(known.to.buffer, shape);
  const copy = newBuffer(context, { shape: source.shape, dtype }, home.depth);
  pushFor(context, home, rows, copyStep([{ from: source, to: copy, dtype }]));
  copies.push({ from: source, to: copy, ...(rows === undefined ? {} : { rows }) });
  return whole(copy.buffer, shape);
}
