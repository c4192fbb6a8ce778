import { nodeOutput, TensorMap } from "@sluice/compiler";
import type { Program, Tensor } from "@sluice/tensor";
import { sizeOf, splitScan, type Node, type SymbolTensor, nth, lookUp } from "@sluice/tensor/internal";
import { positionAt } from "../kernels/body.ts";
import { MOST_ELEMENTS } from "../kernels/position.ts";
import type { BufferLocation, Source } from "../kernels/source.ts";
import type { arrangeBlock, Arrangement, Work } from "./block.ts";
import type { Group, Part } from "./group.ts";
import type { Carried, Loop, Stacked } from "./schedule.ts";
import { floatsOf, newBuffer, placeAt, sourcesOf, type Memory, type Scope } from "./scope.ts";

export interface LoopWork extends Omit<Loop, "body" | "release"> {
  readonly body: readonly Work[];
}

/**
 * The slots of a loop's states. A slot holds a state's values at the beginning of a step, in the layout of the buffer
 * with its next values.
 */
export interface Slots {
  /** Where the values of the state at `index` are. */
  place(index: number): BufferLocation;
  readonly carried: readonly Carried[];
}

/** Makes a slot for each buffer that holds next values. */
export function slotsOf(memory: Memory, next: readonly BufferLocation[]): Slots {
  const slots = new Map<number, number>();
  for (const { buffer } of next)
    if (!slots.has(buffer)) slots.set(buffer, newBuffer(memory, nth(memory.buffers, buffer)));
  return {
    place(index) {
      const place = nth(next, index);
      return { ...place, buffer: lookUp(slots, place.buffer, "no slot") };
    },
    carried: [...slots].map(([buffer, slot]) => ({ slot, next: buffer })),
  };
}

/**
 * Arranges a scan: launches that fill its slots, then the loop. Registers its outputs in `scope`. Its step is a block,
 * which `arrange` arranges, since blocks hold loops and loops hold blocks.
 */
export function arrangeLoop(arrangement: Arrangement, scope: Scope, node: Node, arrange: typeof arrangeBlock): Work[] {
  const { operation } = node;
  if (operation.op !== "scan") throw new Error(`gpu: expected a scan, got ${operation.op}`);
  const { memory } = arrangement;
  const { body, length, reverse, states } = operation;
  const outer = splitScan(operation, node.inputs);
  const inner = splitScan(operation, body.inputs);
  const changed = inner.states.flatMap((_, i) => (changes(body, inner.states, i) ? [i] : []));

  const bindings: Scope = { depth: scope.depth + 1, known: new TensorMap(), parent: scope };
  inner.captures.forEach((x, i) => bindings.known.set(x, () => ({ tensor: nth(outer.captures, i), lead: [] })));
  inner.sequences.forEach((x, i) =>
    bindings.known.set(x, () => ({
      tensor: nth(outer.sequences, i),
      lead: [positionAt(scope.depth)],
    })),
  );
  const later: { slots?: Slots } = {};
  inner.states.forEach((x, i) => {
    const provisional = placeAt(memory.provisional(), 0, x);
    const at = changed.indexOf(i);
    bindings.known.set(x, (): Source =>
      at < 0 ? { tensor: nth(outer.states, i), lead: [] } : { place: later.slots?.place(at) ?? provisional },
    );
  });

  const { block } = arrange(arrangement, bindings, body.nodes, [
    ...changed.map((i) => ({ tensor: nth(body.outputs, i), role: "carried" as const })),
    ...body.outputs.slice(states).map((tensor) => ({ tensor, role: "stacked" as const })),
  ]);
  const next = changed.map((_, at) => nth(block.places, at)());
  const filled = slotsOf(memory, next);
  later.slots = filled;

  inner.states.forEach((_, i) => {
    const at = changed.indexOf(i);
    scope.known.set(nodeOutput(node, i), (): Source =>
      at < 0 ? { tensor: nth(outer.states, i), lead: [] } : { place: filled.place(at) },
    );
  });
  const stacked = stacksOf(
    memory,
    length,
    body.outputs
      .slice(states)
      .map((y, i) => ({ output: nodeOutput(node, states + i), step: y, place: block.places[changed.length + i]?.() })),
    scope,
  );
  const starts = startsOf(
    memory,
    scope,
    filled,
    changed.map((i) => nth(outer.states, i)),
  );
  if (length === 0) return starts;
  const { carried } = filled;
  return [...starts, { kind: "loop", length, reverse, depth: scope.depth, body: block.work, carried, stacked }];
}

/** Launches that fill the slots with the first values of the states that change. */
function startsOf(memory: Memory, scope: Scope, { carried, place }: Slots, states: readonly Tensor[]): Group[] {
  return carried.map(({ slot }): Group => {
    const parts = states.flatMap((tensor, at): Part[] =>
      place(at).buffer === slot ? [{ tensor, place: place(at), copied: true }] : [],
    );
    const elements = nth(memory.buffers, slot);
    return { kind: "group", buffer: slot, elements, parts, sources: sourcesOf(memory, scope) };
  });
}

/** Whether a step changes the state at `index`. */
function changes({ outputs }: Program, states: readonly SymbolTensor[], index: number): boolean {
  const next = nth(outputs, index);
  const same = next.kind === "symbol" && next.node === nth(states, index).node;
  return !same && sizeOf(next.shape) > 0;
}

interface StackedOutput {
  readonly output: SymbolTensor;
  readonly step: { readonly shape: readonly number[]; readonly dtype: SymbolTensor["dtype"] };
  readonly place: BufferLocation | undefined;
}

/**
 * Outputs that are side by side in a step's buffer are stacked together, unless the stack would be too large for a
 * buffer.
 */
function stacksOf(memory: Memory, length: number, outputs: readonly StackedOutput[], scope: Scope): Stacked[] {
  const stacks: Stacked[] = [];
  const ranges = new Map<number, { readonly start: number; readonly end: number }>();
  for (const { step, place } of outputs) {
    if (place === undefined) continue;
    const { start, end } = ranges.get(place.buffer) ?? { start: Infinity, end: 0 };
    ranges.set(place.buffer, {
      start: Math.min(start, place.offset),
      end: Math.max(end, place.offset + sizeOf(step.shape) * floatsOf(step)),
    });
  }
  for (const { output, step, place } of outputs) {
    if (place === undefined || length === 0) continue;
    const range = lookUp(ranges, place.buffer, "no buffer");
    const whole = length * (range.end - range.start) <= MOST_ELEMENTS;
    const start = whole ? range.start : place.offset;
    const elements = whole ? range.end - range.start : sizeOf(step.shape) * floatsOf(step);
    let stack = stacks.find(
      (other) => other.from === place.buffer && other.start === start && other.elements === elements,
    );
    if (stack === undefined) {
      stack = { from: place.buffer, start, elements, to: newBuffer(memory, length * elements) };
      stacks.push(stack);
    }
    const at: BufferLocation = {
      buffer: stack.to,
      offset: place.offset - start,
      strides: [elements, ...place.strides],
      low: place.low,
    };
    scope.known.set(output, () => ({ place: at }));
  }
  return stacks;
}
