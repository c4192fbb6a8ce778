import { TensorMap } from "@sluice/compiler";
import { type Program, type StateBinding } from "@sluice/tensor";
import { bindState, sizeOf } from "@sluice/tensor/internal";
import type { BufferLocation, Source } from "../kernels/source.ts";
import { arrangeBlock, type Result } from "./block.ts";
import { emit } from "./emit.ts";
import type { KernelRules } from "./group.ts";
import { slotsOf, type Slots } from "./loop.ts";
import type { Placed, Schedule } from "./schedule.ts";
import { floatsOf, newBuffer, newMemory, placeAt, type Scope } from "./scope.ts";

/** The schedule of an optimized program. */
export function schedule(program: Program, state: readonly StateBinding[], rules: KernelRules): Schedule {
  const memory = newMemory();
  const layout = bindState(program, state);
  const scope: Scope = { depth: 0, known: new TensorMap() };

  let elements = 0;
  const inputs = layout.inputs.map((type): Placed => {
    const place = placeAt(1, elements, type);
    elements += sizeOf(type.shape) * floatsOf(type);
    scope.known.set(type, () => ({ place }));
    return { type, place };
  });
  const inputBuffer = newBuffer(memory, elements);

  const changed = state.flatMap(({ output }, i) =>
    output === undefined || sizeOf(program.outputs[output]!.shape) === 0 ? [] : [{ i, output }],
  );
  const fixedPlaces = new Map<number, BufferLocation>();
  const later: { slots?: Slots } = {};
  state.forEach(({ input }, i) => {
    const symbol = program.inputs[input]!;
    const at = changed.findIndex((entry) => entry.i === i);
    if (at < 0) {
      const place = placeAt(newBuffer(memory, sizeOf(symbol.shape) * floatsOf(symbol)), 0, symbol);
      fixedPlaces.set(i, place);
      scope.known.set(symbol, () => ({ place }));
      return;
    }
    const provisional = placeAt(memory.provisional(), 0, symbol);
    scope.known.set(symbol, (): Source => ({ place: later.slots?.place(at) ?? provisional }));
  });

  const results: Result[] = [
    ...changed.map(({ output }) => ({ tensor: program.outputs[output]!, role: "carried" as const })),
    ...layout.outputs.map((i) => ({ tensor: program.outputs[i]!, role: "returned" as const })),
  ];
  const { block } = arrangeBlock({ memory, rules }, scope, program.nodes, results);
  const places = block.places.map((place) => place?.());
  const carriedSlots = slotsOf(
    memory,
    places.slice(0, changed.length).map((place) => place!),
  );
  later.slots = carriedSlots;

  const outputs = layout.outputs.map((i, at): Placed => {
    const type = program.outputs[i]!;
    return { type, place: places[changed.length + at] ?? placeAt(0, 0, type) };
  });
  const kept = new Set([...outputs.map(({ place }) => place.buffer), ...carriedSlots.carried.map(({ next }) => next)]);
  const steps = emit(block.work, kept, rules);
  memory.buffers[0] = memory.constants.elements;
  return {
    buffers: memory.buffers,
    constants: {
      buffer: 0,
      parts: [...memory.constants.placed.values()].map(({ tensor, place }) => ({
        type: tensor,
        place,
        values: tensor.data,
      })),
    },
    inputs: { buffer: inputBuffer, parts: inputs },
    state: state.map(({ input }, i) => {
      const at = changed.findIndex((entry) => entry.i === i);
      return { type: program.inputs[input]!, place: at < 0 ? fixedPlaces.get(i)! : carriedSlots.place(at) };
    }),
    steps,
    carried: carriedSlots.carried,
    outputs,
  };
}
