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
export { type GroupNormOptions, groupNorm } from "./group-norm.ts";
export { type ScaleNormOptions, scaleNorm } from "./scale-norm.ts";
export { type AdaNormOptions, adaNorm } from "./ada-norm.ts";
export { type DyTOptions, dyT } from "./dyt.ts";

// Around a whole model, and of its states
export { type InstanceStatistics, type ReversibleNormalizer, type RevInOptions, revIn } from "./rev-in.ts";
export { type NormStabilizerOptions, normStabilizer } from "./norm-stabilizer.ts";
