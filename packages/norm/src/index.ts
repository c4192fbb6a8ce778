export type { Normaliser, NormaliserParameter, Placement, PlacementOptions } from "./normaliser.ts";
export { placementOf } from "./normaliser.ts";
export { type LayerNormOptions, layerNorm } from "./layer-norm.ts";
export { type RmsNormOptions, rmsNorm } from "./rms-norm.ts";
