export { runInMemory, type Left, type MemoryContextOptions } from "./run-in-memory.ts";
export { studySuite, type StudyLaw, type StudyLawName, type StudySuiteOptions } from "./study-suite.ts";
