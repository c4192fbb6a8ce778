import type { DType } from "@sluice/tensor";
import { axesOf, fasterOf, type Layout, type Region } from "../ragged/layout.ts";
import type { ActiveRowsStep, ElementwiseStep, GatherStep, LoopStep, MatmulStep, RandomBitsStep, ReduceStep, Step, View } from "./plan.ts";

/** Work that can be done step by step for some of the rows. */
type DivisibleStep = ElementwiseStep | MatmulStep | ReduceStep | GatherStep | RandomBitsStep;

/** Where the rows to work on are found, for a region. */
export interface ActiveTable extends ActiveRowsStep {
  readonly region: Region;
}

/** Work over all steps and rows as a loop over steps that works on active rows. `layout` is that of the result. */
export function overActiveRows(step: DivisibleStep, layout: Layout, table: ActiveTable, depth: number): LoopStep {
  return loopOver([divided(step, layout, table.region, depth)], table, "active");
}

/** Writes zeros to the rows of a value that are not worked on. */
export function zerosBeyond(view: View, dtype: DType, layout: Layout, table: ActiveTable, depth: number): LoopStep {
  const { shape } = view;
  const step: ElementwiseStep = { kind: "elementwise", shape, inputs: [], instructions: [{ op: "constant", dtype, value: 0 }], stores: [{ value: 0, view }] };
  return loopOver([divided(step, layout, table.region, depth)], table, "over");
}

function loopOver(body: readonly Step[], { counts, work, region }: ActiveTable, part: "active" | "over"): LoopStep {
  return { kind: "loop", length: region.time, reverse: false, body, rows: region.batch, active: { counts, work, part } };
}

function divided(step: DivisibleStep, layout: Layout, region: Region, depth: number): DivisibleStep {
  const slice = (view: View, at: Layout = layout): View => stepOf(view, at, region, depth);
  switch (step.kind) {
    case "elementwise":
      return {
        ...step,
        shape: slice(step.stores[0]!.view).shape,
        inputs: step.inputs.map((view) => slice(view)),
        stores: step.stores.map(({ value, view }) => ({ value, view: slice(view) })),
      };
    case "matmul":
      return { ...step, a: slice(step.a), c: slice(step.c) };
    case "reduce": {
      const ofX = axesOf(layout).map((axis) => (axis >= step.axis ? axis + 1 : axis));
      const xLayout: Layout = "merged" in layout ? { ...layout, merged: ofX[0]! } : { time: ofX[0]!, batch: ofX[1]! };
      const removed = "time" in xLayout && xLayout.time < step.axis ? 1 : 0;
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

/** The rows of one step: the axis of steps goes, that of rows remains. */
function stepOf(view: View, layout: Layout, { time, batch }: Region, depth: number): View {
  const loops = Array.from({ length: Math.max(view.loops.length, depth + 1) }, (_, i) => view.loops[i] ?? 0);
  if ("merged" in layout) {
    const axis = layout.merged;
    const stride = view.strides[axis]!;
    const [ofStep, ofRow] = layout.faster === "batch" ? [batch * stride, stride] : [stride, time * stride];
    loops[depth] = loops[depth]! + ofStep!;
    return { ...view, shape: view.shape.with(axis, batch), strides: view.strides.with(axis, ofRow!), loops };
  }
  loops[depth] = loops[depth]! + view.strides[layout.time]!;
  return { ...view, shape: view.shape.toSpliced(layout.time, 1), strides: view.strides.toSpliced(layout.time, 1), loops };
}
