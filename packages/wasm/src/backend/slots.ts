import type { Plan, View } from "@sluice/compiler";
import type { Program, StateBinding, Type, Values } from "@sluice/tensor";
import { nth, sizeOf, type StateLayout } from "@sluice/tensor/internal";
import type { TensorRange, Written } from "../hosts/index.ts";
import { byteOffset } from "./layout.ts";
import { type Slot, whole } from "./transfer.ts";

/** What a program copies in and out, and where in its memory. */
export interface Slots {
  readonly places: readonly TensorRange[];
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  readonly state: readonly Slot[];
  /** The constants, to be written once. */
  readonly constants: readonly Written[];
}

export function slotsOf(program: Program, plan: Plan, layout: StateLayout, state: readonly StateBinding[]): Slots {
  const places: TensorRange[] = [];
  const slotOf = (view: View, { shape, dtype }: Type): Slot => {
    places.push({ dtype, offset: byteOffset(plan, view), elements: sizeOf(shape) });
    return { place: places.length - 1, type: { shape, dtype } };
  };
  const slotOfInput = (i: number): Slot => slotOf(nth(plan.inputs, i), nth(program.inputs, i));
  const inputs = layout.positions.map((i) => ({ ...slotOfInput(i), ...paddingOf(plan, i, layout.positions) }));
  const outputs = layout.outputs.map((i) => slotOf(nth(plan.outputs, i), nth(program.outputs, i)));
  return {
    places,
    inputs,
    outputs,
    state: state.map(({ input }) => slotOfInput(input)),
    constants: plan.constants.map(({ buffer, values }) =>
      whole(slotOf(...constantAt(plan, buffer, values)).place, values),
    ),
  };
}

function constantAt(plan: Plan, buffer: number, { length }: Values): [View, Type] {
  return [
    { buffer, offset: 0, shape: [length], strides: [1], loops: [] },
    { shape: [length], dtype: nth(plan.buffers, buffer).dtype },
  ];
}

function paddingOf({ padding: paddings }: Plan, input: number, given: readonly number[]): Pick<Slot, "padding"> {
  const padding = paddings[input];
  const lengths = padding === undefined ? -1 : given.indexOf(padding.lengths);
  return padding === undefined || lengths < 0 ? {} : { padding: { ...padding, lengths } };
}
