import { treeNorm, type GradientTransform } from "@sluice/clip";
import { add, div, mapTree, mul } from "@sluice/tensor";

/** Multiplies all gradients by `scale / (scale + norm)`, so that their norm stays below `scale`. */
export function softClip(scale: number): GradientTransform {
  if (!(scale > 0)) throw new RangeError(`softClip: expected a scale above 0, got ${scale}`);
  return {
    name: "soft clip",
    init: () => ({}), // it has no state
    update(gradients, state) {
      const norm = treeNorm(gradients);
      const factor = div(scale, add(norm, scale));
      return { gradients: mapTree(gradients, (g) => mul(g, factor)), state, report: { norm } };
    },
  };
}
