export {
  type SmallGruData,
  type SmallGruParams,
  type SmallGruResult,
  type SmallGruRun,
  smallGru,
  smallGruHash,
  trainSmallGru,
} from "./small-gru.ts";
export { type MetricLaw, type MetricLawName, type MetricSuiteOptions, metricSuite } from "./metric-suite.ts";
