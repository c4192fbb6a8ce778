import { type ArrayTensor, type Values } from "@sluice/tensor";
import { allocate, sizeOf } from "@sluice/tensor/internal";
import type { Placed } from "../schedule/schedule.ts";

/** Writes a tensor's values to their place in an array of floats. */
export function put(floats: Float32Array, { type, place }: Placed, values: Values): void {
  if (type.dtype !== "i32") return floats.set(values, place.offset);
  values.forEach((value, i) => {
    floats[place.offset + i] = value >> 16;
    floats[place.offset + place.low + i] = value & 65535;
  });
}

/** Reads a tensor's values from their place in an array of floats. */
export function pick(floats: Float32Array, { type, place }: Placed): ArrayTensor {
  const data = allocate(type.dtype, sizeOf(type.shape));
  for (let i = 0; i < data.length; i++) {
    const first = floats[place.offset + i]!;
    data[i] = type.dtype === "i32" ? (first * 65536 + floats[place.offset + place.low + i]!) | 0 : first;
  }
  return { kind: "array", shape: type.shape, dtype: type.dtype, data };
}
