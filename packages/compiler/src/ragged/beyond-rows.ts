import { type Program, type Tensor } from "@sluice/tensor";
import { isNodeOf, nth, sizeOf, type Node } from "@sluice/tensor/internal";
import { type Beyond } from "../facts/beyond.ts";
import { factsOf } from "../facts/facts.ts";
import { nodeOutput, TensorMap } from "../program/tensor-map.ts";
import { beyondOf, beyondOfConstant } from "./beyond.ts";
import { axesOf, layoutAfter, moved, sameLayout, sameRegion, type Layout, type Region } from "./layout.ts";
import { workBefore } from "./lengths.ts";
import { behindViews, type RaggedLoop } from "./loop.ts";

/** The rows of a value at the steps beyond their length: their layout, and their contents. */
export interface BeyondRows {
  readonly region: Region;
  readonly layout: Layout;
  readonly value: NonNullable<Beyond>;
}

/**
 * What is known beyond the lengths, for values outside of loops. It starts from the loops' outputs and from comparisons
 * of the step with the length.
 */
export function beyondRowsOf(program: Program, loops: ReadonlyMap<Node, RaggedLoop>): TensorMap<BeyondRows> {
  const known = new TensorMap<BeyondRows>();
  for (const node of program.nodes) {
    const loop = loops.get(node);
    loop?.beyond.forEach((value, i) => {
      if (value !== undefined)
        known.set(nodeOutput(node, node.outputs.length - loop.beyond.length + i), {
          region: loop.region,
          layout: { time: 0, batch: 1 },
          value,
        });
    });
    if (node.operation.op === "scan" || node.outputs.length !== 1) continue;
    const rows =
      ofQuestion(node) ??
      ofNode(
        node,
        node.inputs.map((x) => (x.kind === "symbol" ? known.get(x) : undefined)),
      );
    if (rows !== undefined) known.set(nodeOutput(node), rows);
  }
  return known;
}

/** `step < lengths`, for all steps and rows at once. */
function ofQuestion(node: Node): BeyondRows | undefined {
  if (!isNodeOf(node, "less")) return undefined;
  const [steps, limits] = node.inputs;
  const [{ shape }] = node.outputs;
  if (steps.kind !== "array" || limits.kind === "array" || limits.dtype !== "i32") return undefined;
  const lengths = behindViews(limits);
  if (lengths.shape.length !== 1 || lengths.kind === "array") return undefined;
  const batch = nth(lengths.shape, 0);
  const views: Node[] = [];
  for (let x: Tensor = limits; x.kind === "symbol" && x.node !== lengths.node; x = nth(x.node.inputs, 0))
    views.unshift(x.node);
  const whole: Region = { lengths, time: 1, batch };
  const found = views.reduce<Layout | undefined>((layout, view) => layout && layoutAfter(view, layout, whole), {
    merged: 0,
    faster: "batch",
  });
  if (found === undefined || !("merged" in found)) return undefined;
  const time = shape.findIndex(
    (n, axis) => axis !== found.merged && countsAlong(steps.data, n, sizeOf(shape.slice(axis + 1))),
  );
  if (time < 0) return undefined;
  const region: Region = { lengths, time: nth(shape, time), batch };
  if (batch * region.time === 0 || workBefore(region) === undefined) return undefined;
  return { region, layout: { time, batch: found.merged }, value: 0 };
}

function countsAlong(data: ArrayLike<number>, length: number, stride: number): boolean {
  for (let i = 0; i < data.length; i++) if (data[i] !== Math.floor(i / stride) % length) return false;
  return true;
}

function ofNode(node: Node, rows: readonly (BeyondRows | undefined)[]): BeyondRows | undefined {
  const first = rows.find((x) => x !== undefined);
  if (first === undefined) return undefined;
  const { region, layout } = first;
  const operands = node.inputs.map((x, i): Beyond => {
    const of = rows[i];
    return of === undefined
      ? beyondOfConstant(x)
      : sameRegion(of.region, region) && sameLayout(of.layout, layout)
        ? of.value
        : undefined;
  });
  const value = beyondOf(node, operands);
  const at = value === undefined ? undefined : layoutOf(node, layout, region);
  return value === undefined || at === undefined ? undefined : { region, layout: at, value };
}

/** The layout of rows in the result, from their layout in the operands. */
function layoutOf(node: Node, layout: Layout, region: Region): Layout | undefined {
  const { operation, inputs } = node;
  const axes = axesOf(layout);
  const { active } = factsOf(operation);
  switch (active) {
    case "rows":
      return layout;
    case "view":
    case "parts":
      return layoutAfter(node, layout, region);
    case "product":
      return nth(inputs, 0).shape.length === 2 && axes.length === 1 && axes[0] === 0 ? layout : undefined;
    case "sum":
    case "maximum": {
      const gone = "axis" in operation ? operation.axis : -1;
      return axes.includes(gone) ? undefined : moved(layout, (axis) => (axis > gone ? axis - 1 : axis));
    }
    case "words":
    case "indices":
    case "loop":
    case "never":
      return undefined;
  }
}
