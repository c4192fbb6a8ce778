import type { DType } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { panelsOf } from "./panels.ts";
import type { View } from "./plan.ts";
import { homeOf, newBuffer, type Context, type Scope } from "./scope.ts";
import { contiguous } from "./values.ts";
import { sameView } from "./view.ts";

/** A product reads its operands along one of their last two axes. */
export function walkable(context: Context, scope: Scope, view: View, dtype: DType): View {
  const [m, n] = view.strides.slice(-2);
  const [rows, columns] = view.shape.slice(-2);
  return m === 1 || n === 1 || rows === 1 || columns === 1 ? view : contiguous(context, scope, view, dtype, view.shape);
}

/**
 * Panels of b, made in the outermost block in which b is constant: a weight is packed once for all steps of a loop, and
 * a constant once for all runs.
 */
export function pack(context: Context, scope: Scope, b: View): View | undefined {
  const columns = context.panelColumns;
  if (columns === undefined || b.shape.length !== 2) return undefined;
  const home = homeOf(context, scope, b);
  const entries = home.packed.get(b.buffer) ?? [];
  home.packed.set(b.buffer, entries);
  const known = entries.find((entry) => sameView(entry.b, b));
  if (known !== undefined) return known.packed;
  const shape = [Math.ceil(nth(b.shape, 1) / columns), nth(b.shape, 0), columns];
  const packed = newBuffer(context, { shape, dtype: "f32" }, home.depth);
  const constant = home.depth === 0 ? context.constants.get(b.buffer) : undefined;
  if (constant === undefined) home.steps.push({ kind: "pack", b, packed, columns });
  else context.constants.set(packed.buffer, panelsOf(constant, b, columns));
  entries.push({ b, packed });
  return packed;
}

/**
 * A product of few rows with a row-major matrix reads the matrix about once. Packing it only for this product would
 * read and write it once more.
 */
export function isCheaperUnpacked(context: Context, scope: Scope, a: View, b: View): boolean {
  return nth(a.shape, a.shape.length - 2) < 4 && b.strides.at(-1) === 1 && homeOf(context, scope, b) === scope;
}
