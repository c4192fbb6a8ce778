/** Initial values that the papers of linear recurrences give. */
import { randomUniform, type Initializer } from "@sluice/params";
import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { logF64 } from "@sluice/tensor/internal";

/** log(delta) for steps delta between `low` and `high`, uniform in the logarithm. */
export function logUniform(cell: string, low: number, high: number): Initializer {
  if (!(low > 0 && high > low && high < Infinity))
    throw new TensorError(`${cell}: expected 0 < deltaMin < deltaMax, got ${low} and ${high}`);
  return randomUniform({ low: logF64(low), high: logF64(high) });
}

/** An initializer whose drawn values are changed one by one. */
export const mapped =
  (initializer: Initializer, change: (value: number) => number): Initializer =>
  (key, shape, sizes) =>
    each(initializer(key, shape, sizes), change);

/** Values by their place along the last axis, the same for all others. */
export const along =
  (value: (n: number) => number): Initializer =>
  (_, shape) => {
    const width = shape.at(-1) ?? 1;
    const size = shape.reduce((n, m) => n * m, 1);
    return tensor(
      Float64Array.from({ length: size }, (_element, i) => value(i % width)),
      shape,
    );
  };

const each = ({ data, shape }: ArrayTensor, change: (value: number) => number): ArrayTensor =>
  tensor(
    Float64Array.from(data, (value) => change(value)),
    shape,
  );
