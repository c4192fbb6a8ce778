import { concat, programOf, sliceAxis, type Program, type Tensor } from "@sluice/tensor";
import { applyScan, nth, picked, type ScanOperation, type SymbolTensor } from "@sluice/tensor/internal";
import { sameTensor } from "../program/tensor-map.ts";
import { rewrite, rewriteScans } from "./rewrite.ts";

/**
 * Share: if an output of a loop is a part of another output, it is not stacked a second time, but read from the other
 * one. The gates' gradients are stacked once, however their weights and biases are divided.
 */
export function share(program: Program): Program {
  return rewriteScans(flatten(program), (operation, inputs) =>
    shareScan({ ...operation, body: flatten(operation.body) }, inputs),
  );
}

/** A concatenation of concatenations along the same axis counts as one. */
function flatten(program: Program): Program {
  return rewrite(program, (node, inputs) => {
    const { operation } = node;
    if (operation.op !== "concat") return undefined;
    const parts = inputs.flatMap((x) =>
      x.kind === "symbol" && x.node.operation.op === "concat" && x.node.operation.axis === operation.axis
        ? x.node.inputs
        : [x],
    );
    return parts.length === inputs.length ? undefined : [concat(parts, operation.axis)];
  });
}

interface Part {
  /** The output that contains it, and the position in it. */
  readonly whole: number;
  readonly axis: number;
  readonly start: number;
  readonly stop: number;
}

function shareScan(operation: ScanOperation, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const { body, states } = operation;
  const outputs = body.outputs.slice(states);
  const parts = outputs.map((y, i) => findPart(y, i, outputs));
  if (parts.every((part) => part === undefined)) return undefined;
  const kept = outputs.flatMap((_, i) => (parts[i] === undefined ? [i] : []));
  const results = applyScan(
    { ...operation, body: programOf(body.inputs, [...body.outputs.slice(0, states), ...picked(outputs, kept)]) },
    inputs,
  );
  const stacked = (i: number): Tensor => nth(results, states + kept.indexOf(i));
  return [
    ...results.slice(0, states),
    ...parts.map((part, i) =>
      part === undefined ? stacked(i) : sliceAxis(stacked(part.whole), part.axis + 1, part.start, part.stop),
    ),
  ];
}

function findPart(y: Tensor, index: number, outputs: readonly Tensor[]): Part | undefined {
  for (const [whole, other] of outputs.entries()) {
    const range = whole === index ? undefined : partOf(other, y);
    if (range !== undefined) return { whole, ...range };
  }
  return undefined;
}

/**
 * The range of the concatenation `whole` that equals `y`, or that has the same parts in the same order as the
 * concatenation `y`.
 */
export function partOf(whole: Tensor, y: Tensor): Omit<Part, "whole"> | undefined {
  const outer = partsOf(whole);
  if (outer === undefined || y.kind === "array") return undefined;
  const inner = partsOf(y);
  const wanted: readonly Tensor[] = inner?.axis === outer.axis ? inner.parts : [y];
  if (wanted.length >= outer.parts.length) return undefined;
  const { axis } = outer;
  let start = 0;
  for (const [i, part] of outer.parts.entries()) {
    if (i + wanted.length > outer.parts.length) return undefined;
    if (wanted.every((x, j) => sameTensor(x, nth(outer.parts, i + j))))
      return { axis, start, stop: start + nth(y.shape, axis) };
    start += nth(part.shape, axis);
  }
  return undefined;
}

function partsOf(x: Tensor): { readonly axis: number; readonly parts: readonly Tensor[] } | undefined {
  if (x.kind === "array") return undefined;
  const { node }: SymbolTensor = x;
  return node.operation.op === "concat" ? { axis: node.operation.axis, parts: node.inputs } : undefined;
}
