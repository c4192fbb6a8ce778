// The interface of all gradient transforms, and functions that combine them
export type { ClipReport, GradientTransform, NoState, Transformed, UpdateContext } from "./gradient-transform.ts";
export { chain } from "./chain.ts";

// Clippers
export { type GlobalNormOptions, globalNorm } from "./global-norm.ts";
export { value } from "./value.ts";
export { type AdaptiveOptions, adaptive } from "./adaptive.ts";
export { type SkipNonFiniteOptions, skipNonFinite } from "./skip-non-finite.ts";

// Norms
export { type NormKind, treeNorm } from "./norm.ts";
