// What every fusion must pass, ours and a third party's
export { type FusionLaw, type FusionLawName, type FusionSuiteOptions, fusionSuite } from "./fusion-suite.ts";
export type { MakeModality } from "./subject.ts";
