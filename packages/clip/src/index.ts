export type { Clipped, Clipper, ClipReport, NoState } from "./clipper.ts";
export { type GlobalNormOptions, globalNorm } from "./global-norm.ts";
export { value } from "./value.ts";
export { type AdaptiveOptions, adaptive } from "./adaptive.ts";
export { type SkipNonFiniteOptions, skipNonFinite } from "./skip-non-finite.ts";
export { chain } from "./chain.ts";
export { type NormKind, treeNorm } from "./norm.ts";
