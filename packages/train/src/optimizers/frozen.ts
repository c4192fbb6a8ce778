import type { GradientTransform, NoState } from "@sluice/clip";
import { mapTree, zerosLike } from "@sluice/tensor";

/**
 * Updates of 0, whatever the gradients are: the parameters keep their bits. It needs no state. Use it in
 * {@link parameterGroups} for the parameters that training should not change.
 */
export function frozen(): GradientTransform<NoState> {
  return {
    name: "frozen",
    init: () => ({}),
    update: (gradients, state) => ({ gradients: mapTree(gradients, zerosLike), state }),
  };
}
