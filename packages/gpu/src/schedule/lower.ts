import { TensorMap } from "@sluice/compiler";
import { type Program, type StateBinding, type Tensor } from "@sluice/tensor";
import { bindState, nth, sizeOf, type StateLayout } from "@sluice/tensor/internal";
import type { BufferLocation } from "../kernels/source.ts";
import { arrangeBlock, type Result } from "./block.ts";
import { emit } from "./emit.ts";
import type { KernelRules } from "./group.ts";
import { slotsOf, type Slots } from "./loop.ts";
import type { Placed, Schedule } from "./schedule.ts";
import { floatsOf, type Memory, newBuffer, newMemory, placeAt, type Scope } from "./scope.ts";

/** The schedule of an optimized program. */
export function schedule(program: Program, state: readonly StateBinding[], rules: KernelRules): Schedule {
  const memory = newMemory();
  const layout = bindState(program, state);
  const scope: Scope = { depth: 0, known: new TensorMap() };
  const inputs = placeInputs(memory, scope, layout.inputs);
  const states = placeStates(memory, scope, program, state);

  const outputs = layout.outputs.map((i) => nth(program.outputs, i));
  const { block } = arrangeBlock({ memory, rules }, scope, program.nodes, [
    ...states.changed.map((tensor): Result => ({ tensor, role: "carried" })),
    ...outputs.map((tensor): Result => ({ tensor, role: "returned" })),
  ]);
  const places = block.places.map((place) => place?.());
  const slots = slotsOf(
    memory,
    states.changed.map((_, at) => nth(places, at)),
  );
  states.decide(slots);

  const placed = outputs.map((type, at): Placed => ({
    type,
    place: places[states.changed.length + at] ?? placeAt(0, 0, type),
  }));
  const kept = new Set([...placed.map(({ place }) => place.buffer), ...slots.carried.map(({ next }) => next)]);
  const steps = emit(block.work, kept, rules);
  memory.buffers[0] = memory.constants.elements;
  const constants = [...memory.constants.placed.values()];
  return {
    buffers: memory.buffers,
    constants: {
      buffer: 0,
      parts: constants.map(({ tensor, place }) => ({ type: tensor, place, values: tensor.data })),
    },
    inputs,
    state: states.placed(),
    steps,
    carried: slots.carried,
    outputs: placed,
  };
}

/** Places the inputs of `run` one after another in buffer 1. */
function placeInputs(memory: Memory, scope: Scope, types: StateLayout["inputs"]): Schedule["inputs"] {
  let elements = 0;
  const parts = types.map((type): Placed => {
    const place = placeAt(1, elements, type);
    elements += sizeOf(type.shape) * floatsOf(type);
    scope.known.set(type, () => ({ place }));
    return { type, place };
  });
  return { buffer: newBuffer(memory, elements), parts };
}

/** The state of a program, and where it is between runs. */
interface States {
  /** The next values of what a run changes. */
  readonly changed: readonly Tensor[];
  /** Says where the values that a run changes are. Before, their places are provisional. */
  decide(slots: Slots): void;
  placed(): Placed[];
}

/** Places the state that no run changes, each value in a buffer of its own. The other values get slots later. */
function placeStates(memory: Memory, scope: Scope, program: Program, state: readonly StateBinding[]): States {
  let slots: Slots | undefined;
  const changed: Tensor[] = [];
  const placed = state.map(({ input, output }): (() => Placed) => {
    const type = nth(program.inputs, input);
    const next = output === undefined ? undefined : nth(program.outputs, output);
    const changes = next !== undefined && sizeOf(next.shape) > 0;
    const at = changes ? changed.push(next) - 1 : -1;
    const fixed = placeAt(
      changes ? memory.provisional() : newBuffer(memory, sizeOf(type.shape) * floatsOf(type)),
      0,
      type,
    );
    const place = (): BufferLocation => (changes ? (slots?.place(at) ?? fixed) : fixed);
    scope.known.set(type, () => ({ place: place() }));
    return () => ({ type, place: place() });
  });
  return {
    changed,
    decide(decided) {
      slots = decided;
    },
    placed: () => placed.map((each) => each()),
  };
}
