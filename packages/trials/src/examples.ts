import type { Examples } from "@sluice/data";
import { rowsOf } from "@sluice/train";

/** The first `count` examples, or all where there are fewer. */
export function firstRows<E extends Examples>(examples: E, count: number): E {
  const [first] = Object.values(examples);
  return rowsOf(
    examples,
    Int32Array.from({ length: Math.min(count, first?.shape[0] ?? 0) }, (_, row) => row),
  );
}
