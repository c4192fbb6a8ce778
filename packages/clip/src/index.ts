// The interface of all gradient transforms, and functions that combine them
export type { ClipReport, GradientTransform, NoState, Transformed, UpdateContext } from "./gradient-transform.ts";
export { chain } from "./chain.ts";

// Clippers
export { type GlobalNormOptions, globalNorm } from "./global-norm.ts";
export { value } from "./value.ts";
export { soft } from "./soft.ts";
export { perParameter } from "./per-parameter.ts";
export { type PerLayerOptions, perLayer } from "./per-layer.ts";
export { blockRms } from "./block-rms.ts";
export { type AdaptiveOptions, adaptive } from "./adaptive.ts";
export { type AutoClipOptions, autoClip } from "./auto-clip.ts";
export { type ZClipOptions, zClip } from "./z-clip.ts";
export { type SkipNonFiniteOptions, skipNonFinite } from "./skip-non-finite.ts";
export { type SkipOutlierOptions, skipOutlier } from "./skip-outlier.ts";

// Other forms of gradients
export { type GradientCentralizationOptions, gradientCentralization } from "./gradient-centralization.ts";
export { type NormalizedGradientsOptions, normalizedGradients } from "./normalized-gradients.ts";

// Norms
export { type NormKind, treeNorm } from "./norm.ts";
