export {
  type TransformLaw,
  type TransformLawName,
  type TransformSuiteOptions,
  gradientTransformSuite,
} from "./suite.ts";
