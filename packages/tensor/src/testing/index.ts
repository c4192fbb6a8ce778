export { type BackendLaw, type BackendSuiteOptions, backendSuite } from "./backend-suite.ts";
export { type Difference, type DifferenceOptions, differenceOf, noiseOf } from "../gradient/difference.ts";
export { type Finding, type PrimitiveFindingsOptions, primitiveFindings } from "./conformance.ts";
export { distance } from "./distance.ts";
export { arrayOf, expectNear, expectSame, expectThat } from "./expect.ts";
export { checksOf, type Law, lawsOf, type LawsOptions, once, type Reasons, type RunLaw } from "./laws.ts";
export {
  chooser,
  primitiveCases,
  type Choose,
  type MakeCase,
  type Operand,
  type PrimitiveCase,
} from "./primitive-cases.ts";
export { lookAt, positiveTerms, randomTensor, type Look } from "./random.ts";
