import { TensorError, type ArrayTensor, type DType, type Shape, type Values } from "@sluice/tensor";
import { nth, sizeOf } from "@sluice/tensor/internal";
import { type Region, type Rows, sameLayout, sameRegion } from "../ragged/layout.ts";
import type { Ragged } from "../ragged/ragged.ts";
import { type ActiveTable, overActiveRows } from "./active-rows.ts";
import type { Step, View } from "./plan.ts";
import type { TensorMap } from "../program/tensor-map.ts";
import { whole } from "./view.ts";

/**
 * A buffer before it has an address. Its depth is the number of loops around the step that writes it; that of a loop's
 * states is one less once the loop has been lowered. Outside of these loops it is constant.
 */
export interface VirtualBuffer {
  readonly elements: number;
  readonly dtype: DType;
  readonly depth: number;
}

/** What is known of the whole program during lowering. */
export interface Context {
  readonly buffers: VirtualBuffer[];
  /** The values of constant buffers, by buffer. */
  readonly constants: Map<number, Values>;
  readonly constantViews: Map<ArrayTensor, View>;
  readonly panelColumns: number | undefined;
  readonly ragged: Ragged;
  readonly tables: ActiveTable[];
  readonly fuse: boolean;
}

/** A block, the program's or a loop's: its steps so far, and the memory of its values. */
export interface Scope {
  readonly depth: number;
  readonly steps: Step[];
  readonly views: TensorMap<View>;
  /** Packed matrices and copied views, by the buffer that they were made from. */
  readonly packed: Map<number, { readonly b: View; readonly packed: View }[]>;
  readonly copied: Map<number, { readonly from: View; readonly to: View; readonly rows?: Rows }[]>;
  readonly parent?: Scope;
}

export function newBuffer(
  context: Context,
  { shape, dtype }: { readonly shape: Shape; readonly dtype: DType },
  depth: number,
): View {
  if (dtype === "f64") {
    throw new TensorError(
      `plan: a value is f64 [${shape.join(",")}]; f64 runs on the reference backend only, for checking gradients. Use f32 here`,
    );
  }
  return whole(context.buffers.push({ elements: sizeOf(shape), dtype, depth }) - 1, shape);
}

/** After a loop its states stay as they are, so a later loop in the same block may take them for constant. */
export function settle({ buffers }: Context, states: readonly View[], depth: number): void {
  for (const { buffer } of states) buffers[buffer] = { ...nth(buffers, buffer), depth };
}

export function constantView(context: Context, x: ArrayTensor): View {
  const known = context.constantViews.get(x);
  if (known !== undefined) return known;
  const view = newBuffer(context, x, 0);
  context.constants.set(view.buffer, x.data);
  context.constantViews.set(x, view);
  return view;
}

/** The outermost block in which a view is constant. */
export function homeOf({ buffers }: Context, scope: Scope, view: View): Scope {
  const depth = Math.max(nth(buffers, view.buffer).depth, view.loops.findLastIndex((stride) => stride !== 0) + 1);
  let home = scope;
  while (home.depth > depth && home.parent !== undefined) home = home.parent;
  return home;
}

/** Does a step for all rows, or for the given active rows. */
export function pushFor(
  context: Context,
  scope: Scope,
  rows: Rows | undefined,
  step: Parameters<typeof overActiveRows>[0],
): void {
  scope.steps.push(
    rows === undefined ? step : overActiveRows(step, rows.layout, tableOf(context, rows.region), scope.depth),
  );
}

export function tableOf({ tables }: Context, region: Region): ActiveTable {
  const found = tables.find((table) => sameRegion(table.region, region));
  if (found === undefined) throw new Error("plan: the active rows of a region are not listed");
  return found;
}

export function sameRows(a: Rows | undefined, b: Rows | undefined): boolean {
  return a === undefined || b === undefined
    ? a === b
    : sameRegion(a.region, b.region) && sameLayout(a.layout, b.layout);
}
