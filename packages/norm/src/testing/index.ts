// Laws that every normalizer must pass, built-in or third-party
export {
  type NormalizerLaw,
  type NormalizerLawName,
  type NormalizerSuiteOptions,
  normalizerSuite,
} from "./normalizer-suite.ts";
