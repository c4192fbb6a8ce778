// What every cell must pass, ours and a third party's
export { type CellLaw, type CellSuiteOptions, type LawName, cellSuite } from "./cell-suite.ts";
export type { MakeInput } from "./subject.ts";
