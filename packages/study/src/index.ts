// Defining a study
export { study, isStudy, type Anchor, type Budget, type Metric, type Study, type StudyOptions } from "./study.ts";
export type { Axis, MetricRow, Progress, Restored, Series, Settings, TrialContext, TrialOutcome } from "./trial.ts";
export type { Claim, Verdict } from "./claims/claim.ts";
export { alike, all, better, reaches } from "./claims/tests.ts";
export { judgeClaims, type JudgedClaim } from "./claims/judge.ts";
export type { Results, StoredSeries, TrialRecord, TrialStatus } from "./results.ts";
export { canonicalJson, type Json } from "./json.ts";

// Running it
export { loadStudy } from "./load.ts";
export {
  identified,
  plan,
  seedKey,
  trialConfig,
  type BudgetName,
  type PlannedTrial,
  type PlanOptions,
  type TrialIdentity,
} from "./plan.ts";
export { prepareRun, type PreparedRun, type RunOptions } from "./runner/prepare.ts";
export { runStudy, type RunControl, type RunEvent, type RunOutcome } from "./runner/run.ts";
export { codeIdentity, type CodeIdentity } from "./code/identity.ts";
export { captureEnvironment, type Environment, type GitState } from "./environment.ts";

// Reading and reporting it
export { knownManifest, type KnownManifest } from "./store/known-manifest.ts";
export { readTrial, type Manifest } from "./store/read.ts";
export { readMetrics } from "./store/metrics.ts";
export { writeReport, type ResultsDocument, type WrittenReport } from "./report/write.ts";
export { formatMean, formatNumber, formatSeconds } from "./report/scale.ts";

// Statistics
export { meanInterval, studentHalfWidth, wilsonInterval, type Interval } from "./statistics/intervals.ts";
export { bcaInterval, type BootstrapOptions } from "./statistics/bootstrap.ts";
export { holm, meanTest } from "./statistics/tests.ts";
export { studentCdf, studentQuantile } from "./statistics/student.ts";
export { normalCdf, normalQuantile } from "./statistics/normal.ts";
export { interquartileMean, mean as sampleMean, median, quantile, standardDeviation } from "./statistics/summary.ts";

// Telling people what went wrong
export { messageOf, studyError } from "./error.ts";
export { nearest, suggestion } from "./nearest.ts";
