import { type ArrayTensor, type Values } from "@sluice/tensor";
import { allocate, nth, sizeOf } from "@sluice/tensor/internal";
import type { Placed, Schedule } from "../schedule/schedule.ts";
import type { Running } from "./running.ts";

/** What a schedule copies in and out. */
export interface Transfers {
  writeConstants(): Promise<void>;
  readState(): Promise<ArrayTensor[]>;
  writeState(values: readonly ArrayTensor[]): Promise<void>;
  /** Copies inputs in, runs, copies outputs out. */
  run(inputs: readonly ArrayTensor[]): Promise<ArrayTensor[]>;
}

type Filled = Placed & { readonly values: Values };

export function transfers({ buffers, constants, inputs, state, outputs }: Schedule, running: Running): Transfers {
  /** Writes a whole buffer. What no part fills is 0. */
  const write = async (buffer: number, parts: readonly Filled[]): Promise<void> => {
    const size = nth(buffers, buffer);
    if (size === 0) return;
    const floats = new Float32Array(size);
    for (const part of parts) put(floats, part, part.values);
    await running.write(buffer, floats);
  };
  const filled = (placed: readonly Placed[], values: readonly ArrayTensor[]): Filled[] =>
    placed.map((each, i) => ({ ...each, values: nth(values, i).data }));
  const slots = new Set(state.map(({ place }) => place.buffer));
  return {
    writeConstants: () => write(constants.buffer, constants.parts),
    readState: () => picked(state, (read) => running.read(read)),
    async writeState(values) {
      const parts = filled(state, values);
      for (const slot of slots)
        await write(
          slot,
          parts.filter(({ place }) => place.buffer === slot),
        );
    },
    async run(given) {
      await write(inputs.buffer, filled(inputs.parts, given));
      return picked(outputs, (read) => running.run(read));
    },
  };
}

/** Tensors, from the buffers that `read` gives. An empty tensor may have none. */
async function picked(
  placed: readonly Placed[],
  read: (buffers: ReadonlySet<number>) => Promise<ReadonlyMap<number, Float32Array>>,
): Promise<ArrayTensor[]> {
  const used = placed.filter(({ type }) => !type.shape.includes(0)).map(({ place }) => place.buffer);
  const floats = await read(new Set(used));
  return placed.map((each) => pick(floats.get(each.place.buffer) ?? new Float32Array(0), each));
}

/** Writes a tensor's values to their place in an array of floats. */
function put(floats: Float32Array, { type, place }: Placed, values: Values): void {
  if (type.dtype !== "i32") return floats.set(values, place.offset);
  values.forEach((value, i) => {
    floats[place.offset + i] = value >> 16;
    floats[place.offset + place.low + i] = value & 65535;
  });
}

/** Reads a tensor's values from their place in an array of floats. */
function pick(floats: Float32Array, { type, place }: Placed): ArrayTensor {
  const data = allocate(type.dtype, sizeOf(type.shape));
  for (let i = 0; i < data.length; i++) {
    const first = nth(floats, place.offset + i);
    data[i] = type.dtype === "i32" ? (first * 65536 + nth(floats, place.offset + place.low + i)) | 0 : first;
  }
  return { kind: "array", shape: type.shape, dtype: type.dtype, data };
}
