import type { Shape, Tensor } from "@sluice/tensor";
import { nth, type SymbolTensor } from "@sluice/tensor/internal";
import type { Rows } from "../ragged/layout.ts";
import { MOST_VIEWS } from "./in-place.ts";
import { kernelBuilder } from "./kernel.ts";
import type { Placement, Sink } from "./placement.ts";
import type { AxisReduction, View } from "./plan.ts";
import { roleOf } from "../facts/roles.ts";
import { sameReduction } from "./reductions.ts";
import { slotIn, type Schedule } from "./schedule.ts";
import { constantView, pushFor, sameRows, type Context, type Scope } from "./scope.ts";

/**
 * A value that a pass writes to memory, or what it reduces the value to; only its active rows if these are given.
 */
export interface PassSink extends Sink {
  readonly rows?: Rows | undefined;
  readonly reduction?: AxisReduction | undefined;
}

type Pass = [PassSink, ...PassSink[]];

/**
 * One pass per shape, choice of rows and kind of reduction, and more if one would use too many windows of memory.
 * Without `fuse`, one pass per value.
 */
export function writePasses(
  context: Context,
  scope: Scope,
  writes: readonly PassSink[],
  load: (x: SymbolTensor) => View | undefined,
): void {
  const passes: Pass[] = [];
  const byShape = new Map<string, Pass[]>();
  for (const sink of writes) {
    const shape = shapeOf(sink).join();
    const alike = byShape.get(shape) ?? [];
    byShape.set(shape, alike);
    const pass = context.fuse ? alike.find((known) => fitsInto(known, sink)) : undefined;
    if (pass !== undefined) {
      pass.push(sink);
      continue;
    }
    const started: Pass = [sink];
    passes.push(started);
    if (context.fuse) alike.push(started);
  }
  // A pass that only reduces comes first, so that others may overwrite what it reads.
  const stores = (pass: Pass): boolean => pass.some((sink) => sink.reduction === undefined);
  for (const pass of [...passes.filter((pass) => !stores(pass)), ...passes.filter(stores)]) {
    const [first] = pass;
    const { rows } = first;
    const begin = () => kernelBuilder(shapeOf(first), { load, constant: (x) => constantView(context, x) });
    let kernel = begin();
    for (const sink of pass) {
      if (kernel.views() >= MOST_VIEWS) {
        pushFor(context, scope, rows, kernel.finish());
        kernel = begin();
      }
      if (sink.reduction === undefined) kernel.store(sink.tensor, sink.view);
      else kernel.reduce(sink.tensor, sink.reduction, sink.view);
    }
    pushFor(context, scope, rows, kernel.finish());
  }
}

/** The shape that a pass walks. */
const shapeOf = ({ tensor, view, reduction }: PassSink): Shape => (reduction === undefined ? view : tensor).shape;

function fitsInto(pass: Pass, { rows, reduction }: PassSink): boolean {
  const known = pass.find((sink) => sink.reduction !== undefined)?.reduction;
  const alike = known === undefined || reduction === undefined || sameReduction(known, reduction);
  return alike && sameRows(pass[0].rows, rows);
}

/** The slot of each copy: as soon as its value is ready and, if possible, together with another pass of its shape. */
export function assignCopies({ ragged }: Context, schedule: Schedule, placement: Placement): PassSink[][] {
  const { slotOf, stored } = schedule;
  const copies: PassSink[][] = [];
  const put = (index: number, sink: PassSink): void => void (copies[index] ??= []).push(sink);
  for (const [node, sinks] of placement.copies)
    for (const sink of sinks) put(slotIn(slotOf, node), { ...sink, rows: ragged.active(node) });
  const lastPass = new Map<string, number>();
  for (const node of stored) {
    const shape = nth(node.outputs, 0).shape.join();
    lastPass.set(shape, Math.max(lastPass.get(shape) ?? 0, slotIn(slotOf, node)));
  }
  for (const sink of placement.unplaced) {
    // With the last pass of its shape, if the value is ready by then. The pass that reads a loop's old state last then
    // also copies the new one.
    put(Math.max(readySlot(sink.tensor, schedule), lastPass.get(sink.tensor.shape.join()) ?? 0), sink);
  }
  return copies;
}

function readySlot(tensor: Tensor, { slotOf, inlined, joined, sourceOf }: Schedule): number {
  if (tensor.kind === "array" || !slotOf.has(tensor.node)) return 0;
  const source = sourceOf(tensor);
  const slot = slotOf.get(source);
  if (slot === undefined) return 0;
  const role = roleOf(source);
  if (joined.has(source)) return slot + 1;
  if (role === "anchor" || inlined.has(source) || (role === "elementwise" && source === tensor.node)) return slot;
  return slot + 1;
}
