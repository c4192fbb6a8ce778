import { kernel, type Initializer } from "@sluice/params";
import type { Shape } from "@sluice/tensor";

/** The specs of a fusion's matrices, drawn by the initializer that was given, or else as {@link kernel} draws them. */
export function matrices(initializer: Initializer | undefined): (shape: Shape) => ReturnType<typeof kernel> {
  return (shape) => kernel(shape, initializer === undefined ? {} : { initializer });
}
