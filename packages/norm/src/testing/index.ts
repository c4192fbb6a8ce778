// What every normalizer must pass, ours and a third party's
export {
  type NormalizerLaw,
  type NormalizerLawName,
  type NormalizerSuiteOptions,
  normalizerSuite,
} from "./normalizer-suite.ts";
