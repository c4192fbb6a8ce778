export type {
  Normalized,
  NormalizedPart,
  Normalizer,
  NormalizerBuffer,
  NormalizerContext,
  NormalizerParameter,
  Placement,
  PlacementOptions,
  RowNormalizer,
} from "./normalizer.ts";
export { placementOf } from "./normalizer.ts";
export { type LayerNormOptions, layerNorm } from "./layer-norm.ts";
export { type RmsNormOptions, rmsNorm } from "./rms-norm.ts";
export { type BatchNormOptions, batchNorm } from "./batch-norm.ts";
