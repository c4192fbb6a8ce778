// The laws of executors
export { type ExecutorLaw, type ExecutorLawName, type ExecutorSuiteOptions, executorSuite } from "./executor-suite.ts";
export { type ExecutorStudyOptions, executorStudy } from "./executor-study.ts";
