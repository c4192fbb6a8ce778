// The interface, for fusions of your own
export type { FuseOptions, Fused, Fusion } from "./fusion.ts";

// Fusions
export { type ConcatenationOptions, concatenation } from "./concatenation.ts";
export { type GatedOptions, type GatedParams, gated } from "./gated.ts";
export { type LowRankOptions, type LowRankParams, lowRank } from "./low-rank.ts";
