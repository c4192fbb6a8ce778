import { logF64 } from "@sluice/tensor/internal";
import type { ClassOptions } from "./class-rows.ts";
import { entropyMetric } from "./perplexity.ts";
import type { StreamingMetric } from "./streaming-metric.ts";
import type { SumsState } from "./sums-metric.ts";

/**
 * Bits per character, the mean negative log-probability of the targets in bits (Graves 2013, arXiv 1308.0850):
 *
 *     -mean(log2 p(target))
 *
 * Predictions are `[..., classes]`, targets i32 `[...]`. It is infinite if a target that counts has probability 0.
 */
export function bitsPerCharacter(options: ClassOptions = {}): StreamingMetric<number, SumsState> {
  return entropyMetric("bitsPerCharacter", options, (nats) => nats / logF64(2));
}
