import type { DType } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { fasterOf, inFront, layoutBeforeSum, type Layout, type Region } from "../ragged/layout.ts";
import type {
  ActiveRowsStep,
  ElementwiseStep,
  GatherStep,
  LoopStep,
  MatmulStep,
  RandomBitsStep,
  ReduceStep,
  Step,
  View,
} from "./plan.ts";
import { withLoop } from "./view.ts";

/** Work that can be done step by step for some of the rows. */
type DivisibleStep = ElementwiseStep | MatmulStep | ReduceStep | GatherStep | RandomBitsStep;

/** Where the active rows of a region are listed. */
export interface ActiveTable extends ActiveRowsStep {
  readonly region: Region;
}

/** The axis along which work is divided. The other axis stays in each part. */
type Along = "time" | "batch";

/**
 * Turns work over all steps and rows into a loop over steps that works on active rows, or over rows that works on
 * active steps, whichever are fewer, so that each part is as large as possible. `layout` is the layout of the result.
 */
export function overActiveRows(step: DivisibleStep, layout: Layout, table: ActiveTable, depth: number): LoopStep {
  const along = shorter(layout, table.region);
  return loopOver([divided(step, layout, table.region, along, depth)], table, along, "active");
}

function shorter(layout: Layout, { time, batch }: Region): Along {
  return time >= batch && inFront(layout) ? "batch" : "time";
}

/** Writes zeros to the inactive rows of a value. */
export function zerosBeyond(view: View, dtype: DType, layout: Layout, table: ActiveTable, depth: number): LoopStep {
  const { shape } = view;
  const step: ElementwiseStep = {
    kind: "elementwise",
    shape,
    inputs: [],
    instructions: [{ op: "constant", dtype, value: 0 }],
    stores: [{ value: 0, view }],
  };
  const along = shorter(layout, table.region);
  return loopOver([divided(step, layout, table.region, along, depth)], table, along, "over");
}

function loopOver(
  body: readonly Step[],
  { counts, work, ends, rowsBefore, region: { time, batch } }: ActiveTable,
  along: Along,
  part: "active" | "over",
): LoopStep {
  const common = { kind: "loop", reverse: false, body } as const;
  if (along === "time") return { ...common, length: time, rows: batch, active: { counts, work, part } };
  return { ...common, length: batch, rows: time, active: { counts: ends, work: rowsBefore, part } };
}

function divided(step: DivisibleStep, layout: Layout, region: Region, along: Along, depth: number): DivisibleStep {
  const slice = (view: View, at: Layout = layout): View => partOf(view, at, region, along, depth);
  switch (step.kind) {
    case "elementwise":
      return {
        ...step,
        shape: slice(nth(step.stores, 0).view).shape,
        inputs: step.inputs.map((view) => slice(view)),
        stores: step.stores.map(({ value, view }) => ({ value, view: slice(view) })),
      };
    case "matmul":
      return { ...step, a: slice(step.a), c: slice(step.c) };
    case "reduce": {
      const xLayout = layoutBeforeSum(layout, step.axis);
      const removed = "time" in xLayout && xLayout[along] < step.axis ? 1 : 0;
      return { ...step, x: slice(step.x, xLayout), y: slice(step.y), axis: step.axis - removed };
    }
    case "randomBits":
      return { ...step, y: slice(step.y), whole: step.y };
    case "gather": {
      const joined: Layout = { merged: 0, faster: fasterOf(layout) };
      return { ...step, indices: slice(step.indices, joined), y: slice(step.y, joined) };
    }
  }
}

/** The rows of one step, or the steps of one row: one axis is removed, the other stays. */
function partOf(view: View, layout: Layout, region: Region, along: Along, depth: number): View {
  if ("merged" in layout) {
    const { merged: axis, faster } = layout;
    const stride = nth(view.strides, axis);
    const strideOf = (which: Along): number => (which === faster ? stride : region[faster] * stride);
    const left = along === "time" ? "batch" : "time";
    return {
      ...view,
      shape: view.shape.with(axis, region[left]),
      strides: view.strides.with(axis, strideOf(left)),
      loops: withLoop(view.loops, depth, strideOf(along)),
    };
  }
  const axis = layout[along];
  return {
    ...view,
    shape: view.shape.toSpliced(axis, 1),
    strides: view.strides.toSpliced(axis, 1),
    loops: withLoop(view.loops, depth, nth(view.strides, axis)),
  };
}
