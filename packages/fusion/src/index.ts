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

// Vectors of sequences
export { type PoolOptions, pool } from "./pool.ts";

// Fusions of vectors, or of every step of aligned sequences
export { type ConcatenationOptions, concatenation } from "./concatenation.ts";
export { type GmuOptions, type GmuParams, gmu } from "./gmu.ts";
export { type LmfOptions, type LmfParams, lmf } from "./lmf.ts";

// Attention from one sequence to another
export { type CrossAttentionOptions, type CrossAttentionParams, crossAttention } from "./cross-attention.ts";
