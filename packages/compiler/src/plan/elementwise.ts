import { sameShape, type Node, type SymbolTensor, type Tensor } from "@sluice/tensor";
import type { Rows } from "../ragged/layout.ts";
import { kernelBuilder } from "./kernel.ts";
import type { Placement, Sink } from "./placement.ts";
import type { View } from "./plan.ts";
import { roleOf } from "./roles.ts";
import { sourceOf, type Schedule } from "./schedule.ts";
import { constantView, pushFor, sameRows, type Context, type Scope } from "./scope.ts";

/** A value that a pass leaves in memory, for active rows alone where these are given. */
export interface PassSink extends Sink {
  readonly rows?: Rows | undefined;
}

/** One pass for each shape and choice of rows; without `fuse`, for each value. */
export function writePasses(context: Context, scope: Scope, writes: readonly PassSink[], load: (x: SymbolTensor) => View | undefined): void {
  const passes: PassSink[][] = [];
  for (const sink of writes) {
    const pass = context.fuse && passes.find(([first]) => sameShape(first!.view.shape, sink.view.shape) && sameRows(first!.rows, sink.rows));
    if (!pass) passes.push([sink]);
    else pass.push(sink);
  }
  for (const pass of passes) {
    const { view, rows } = pass[0]!;
    const kernel = kernelBuilder(view.shape, { load, constant: (x) => constantView(context, x) });
    for (const sink of pass) kernel.store(sink.tensor, sink.view);
    pushFor(context, scope, rows, kernel.finish());
  }
}

/** In which slot each copy is done: where its value is ready, and if possible together with another pass of its shape. */
export function assignCopies({ ragged }: Context, nodes: readonly Node[], { slotOf, stored, inlined }: Schedule, placement: Placement): PassSink[][] {
  const copies: PassSink[][] = [];
  const put = (index: number, sink: PassSink): void => void (copies[index] ??= []).push(sink);
  for (const [node, sinks] of placement.copies) for (const sink of sinks) put(slotOf.get(node)!, { ...sink, rows: ragged.active(node) });
  for (const sink of placement.unplaced) {
    const shape = sink.tensor.shape.join();
    const passes = nodes.filter((node) => stored.has(node) && node.outputs[0]!.shape.join() === shape).map((node) => slotOf.get(node)!);
    // With the last pass of its shape, if the value is ready by then: a loop's old state is so copied by the pass that reads it last.
    put(Math.max(readySlot(sink.tensor, slotOf, inlined), ...passes), sink);
  }
  return copies;
}

function readySlot(tensor: Tensor, slotOf: ReadonlyMap<Node, number>, inlined: ReadonlySet<Node>): number {
  if (tensor.kind === "array" || !slotOf.has(tensor.node)) return 0;
  const source = sourceOf(tensor);
  const slot = slotOf.get(source);
  if (slot === undefined) return 0;
  const role = roleOf(source);
  if (role === "anchor" || inlined.has(source) || (role === "elementwise" && source === tensor.node)) return slot;
  return slot + 1;
}
