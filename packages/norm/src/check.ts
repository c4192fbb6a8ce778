import { checkOptions, suggestion, TensorError } from "@sluice/tensor";
import type { PlacementOptions } from "./normaliser.ts";

interface Options extends PlacementOptions {
  readonly epsilon?: number;
}

const placements = ["branches", "gates"];

/** Rejects unknown options, an epsilon that is not positive, and an unknown placement. */
export function check(name: string, options: Options, known: readonly string[]): void {
  checkOptions(name, options, ["placement", "cell", "epsilon", ...known], { eps: "epsilon", gamma: "gain", beta: "bias", scale: "gain", center: "bias" });
  const { epsilon, placement } = options;
  if (epsilon !== undefined && !(epsilon >= 0 && epsilon < Infinity)) throw new TensorError(`${name}: expected epsilon >= 0, got ${epsilon}`);
  if (placement !== undefined && !placements.includes(placement)) {
    throw new TensorError(`${name}: unknown placement ${placement}; ${suggestion(placement, placements)}`);
  }
}
