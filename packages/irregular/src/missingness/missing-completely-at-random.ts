import { uniform, valuesOf } from "@sluice/tensor";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";
import { candidatesOf, hide, type Hidden, type HideOptions } from "./hidden.ts";

/**
 * Hides values completely at random (MCAR; Rubin 1976): each observed value with the same probability, `rate`, whatever
 * it is and whatever the others are. pygrinder's `mcar` is the same.
 */
export function missingCompletelyAtRandom(batch: RaggedBatch, options: HideOptions): Hidden {
  const candidates = candidatesOf("missingCompletelyAtRandom", batch, options);
  const u = valuesOf(uniform(options.key, [candidates.places.length]));
  const places = candidates.places.filter((_, i) => (u[i] ?? 1) < options.rate);
  return hide(batch, places, candidates);
}
