// Laws that every cell must pass, built-in or third-party
export { type CellLaw, type CellSuiteOptions, type LawName, cellSuite } from "./cell-suite.ts";
export type { MakeInput } from "./subject.ts";
export { exampleInput } from "./example-input.ts";
