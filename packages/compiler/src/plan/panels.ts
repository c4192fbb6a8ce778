import type { Values } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import type { View } from "./plan.ts";

/** The result of a `PackStep` for `b` [k, n], whose buffer holds `values`. */
export function panelsOf(values: Values, { shape, strides, offset }: View, columns: number): Float32Array {
  const [k, n] = [nth(shape, 0), nth(shape, 1)];
  const [down, right] = [nth(strides, 0), nth(strides, 1)];
  const panels = new Float32Array(Math.ceil(n / columns) * k * columns);
  for (let column = 0; column < n; column++) {
    const first = Math.floor(column / columns) * k * columns + (column % columns);
    for (let row = 0; row < k; row++) panels[first + row * columns] = values[offset + row * down + column * right]!;
  }
  return panels;
}
