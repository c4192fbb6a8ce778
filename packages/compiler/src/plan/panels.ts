import type { Values } from "@sluice/tensor";
import type { View } from "./plan.ts";

/** The result of a `PackStep` for `b` [k, n], whose buffer holds `values`. */
export function panelsOf(values: Values, { shape, strides, offset }: View, columns: number): Float32Array {
  const [k, n] = [shape[0]!, shape[1]!];
  const panels = new Float32Array(Math.ceil(n / columns) * k * columns);
  for (let column = 0; column < n; column++) {
    const first = Math.floor(column / columns) * k * columns + (column % columns);
    for (let row = 0; row < k; row++)
      panels[first + row * columns] = values[offset + row * strides[0]! + column * strides[1]!]!;
  }
  return panels;
}
