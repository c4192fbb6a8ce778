export type { Normalizer, NormalizerParameter, Placement, PlacementOptions } from "./normalizer.ts";
export { placementOf } from "./normalizer.ts";
export { type LayerNormOptions, layerNorm } from "./layer-norm.ts";
export { type RmsNormOptions, rmsNorm } from "./rms-norm.ts";
