// Laws that every fusion must pass, built-in or third-party
export { type FusionLaw, type FusionLawName, type FusionSuiteOptions, fusionSuite } from "./fusion-suite.ts";
export type { MakeModality } from "./subject.ts";
