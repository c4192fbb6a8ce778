export { type TestFunctions, type TransformSuiteOptions, gradientTransformSuite } from "./suite.ts";
