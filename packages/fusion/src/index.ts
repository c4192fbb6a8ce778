// The interface, for fusions of your own
export type { DescribedModality, FuseOptions, Fused, Fusion, FusionSize, Modality, ModalitySpec } from "./fusion.ts";
export {
  type FuseContext,
  type FusedByEquations,
  type FusionDefinition,
  type ParamsOfPart,
  type FusionPart,
  type FusionParts,
  type WeightsOf,
  defineFusion,
} from "./define-fusion.ts";
export type { Inputs } from "./inputs.ts";
export type { SeenModality } from "./seen.ts";

// Models of encoders, a fusion and a readout
export { type MultimodalOptions, type MultimodalParams, multimodal } from "./multimodal.ts";

// A loss and a learning curve for each modality, and the weights of their blend
export { type ModalityHeadsParams, modalityHeads } from "./blending/modality-heads.ts";
export { blendedLoss, headMetrics } from "./blending/blended-loss.ts";
export { type EvaluatedRow, type LearningCurve, learningCurves } from "./blending/learning-curves.ts";
export {
  type BlendingOptions,
  type BlendingWeights,
  type GradientBlending,
  type HeadProgress,
  type HeadLosses,
  blendingWeights,
  gradientBlending,
} from "./blending/gradient-blending.ts";

// Modalities that are missing
export { type ModalityDropoutOptions, modalityDropout } from "./absence/modality-dropout.ts";
export {
  type LearnedPlaceholdersOptions,
  type LearnedPlaceholdersParams,
  learnedPlaceholders,
} from "./absence/learned-placeholders.ts";

// What each modality contributes to a score
export { keepModalities } from "./contribution/keep-modalities.ts";
export { type ModalityContributions, modalityContributions } from "./contribution/modality-contributions.ts";
export {
  type GradientContribution,
  type GradientContributionsOptions,
  gradientContributions,
} from "./contribution/gradient-contributions.ts";
export {
  type PerceptualScores,
  type PerceptualScoresOptions,
  type Permuted,
  perceptualScores,
} from "./contribution/perceptual-scores.ts";
export { permuteModality } from "./contribution/permute-modality.ts";

// How a score holds where a modality gets worse
export { type RobustnessCurves, robustnessCurves } from "./robustness/robustness-curves.ts";
export { effectiveRobustness, relativeRobustness } from "./robustness/robustness.ts";
export {
  type DropFromModalityOptions,
  type NoisyModalityOptions,
  dropFromModality,
  noisyModality,
} from "./robustness/imperfect-modality.ts";

// Vectors of sequences
export { type PoolOptions, pool } from "./sequences/pool.ts";

// Fusions of vectors, or of every step of aligned sequences: side by side, or by a choice among them
export { type ConcatenationOptions, concatenation } from "./vectors/concatenation.ts";
export { type LateFusionOptions, type LateFusionParams, lateFusion } from "./vectors/late-fusion.ts";
export { type GmuOptions, type GmuParams, gmu } from "./vectors/gmu.ts";
export {
  type MixtureOfExpertsOptions,
  type MixtureOfExpertsParams,
  mixtureOfExperts,
} from "./vectors/mixture-of-experts.ts";
export {
  type ProductOfExpertsOptions,
  type ProductOfExpertsParams,
  productOfExperts,
} from "./vectors/product-of-experts.ts";
export { type DeepSetsOptions, type DeepSetsParams, deepSets } from "./vectors/deep-sets.ts";
export {
  type HierarchicalFusionOptions,
  type HierarchicalFusionParams,
  hierarchicalFusion,
} from "./vectors/hierarchical-fusion.ts";

// By products
export { type BilinearOptions, type BilinearParams, bilinear } from "./vectors/bilinear.ts";
export {
  type MultiplicativeInteractionsOptions,
  type MultiplicativeInteractionsParams,
  multiplicativeInteractions,
} from "./vectors/multiplicative-interactions.ts";
export { type TensorFusionOptions, tensorFusion } from "./vectors/tensor-fusion.ts";
export { type LmfOptions, type LmfParams, lmf } from "./vectors/lmf.ts";
export { type MfbOptions, type MfbParams, mfb } from "./vectors/mfb.ts";

// One modality changes another
export { type FilmOptions, type FilmParams, film } from "./vectors/film.ts";
export { type MagOptions, type MagParams, mag } from "./vectors/mag.ts";

// Sequences: attention from one to another, or among all, and a memory over the steps of all
export type { AttentionLayerParams } from "./sequences/attention-layer.ts";
export { type CrossAttentionOptions, type CrossAttentionParams, crossAttention } from "./sequences/cross-attention.ts";
export {
  type CrossAttentionBlockOptions,
  type CrossAttentionBlockParams,
  crossAttentionBlock,
} from "./sequences/cross-attention-block.ts";
export {
  type BottleneckAttentionOptions,
  type BottleneckAttentionParams,
  bottleneckAttention,
} from "./sequences/bottleneck-attention.ts";
export {
  type MemoryFusionNetwork,
  type MemoryFusionNetworkParams,
  type MemoryFusionOptions,
  type MemoryFusionParams,
  memoryFusion,
} from "./sequences/memory-fusion.ts";
export { type NonLocalGateOptions, type NonLocalGateParams, nonLocalGate } from "./sequences/non-local-gate.ts";
