// Defining a study
export { study } from "./define-study.ts";
export {
  isStudy,
  metricDirections,
  type Anchor,
  type AnchorOfRun,
  type Budget,
  type Metric,
  type Study,
  type StudyOptions,
} from "./study.ts";
export type { SameSetting } from "./same-setting.ts";
export { weightFiles } from "./trial.ts";
export type { Axis } from "@sluice/figures";
export type { MetricRow, Progress, Restored, Series, Settings, TrialContext, TrialOutcome } from "./trial.ts";
export { claimKinds, type Claim, type ClaimKind, type ClaimTest, type Verdict } from "./claims/claim.ts";
export type { TestOptions } from "./claims/centre.ts";
export type { TestMethod } from "./claims/methods.ts";
export { alike, all, better, reaches } from "./claims/tests.ts";
export { matchesPublished, type PublishedOptions } from "./claims/published.ts";
export { solvesFaster, type SolvesFasterOptions } from "./claims/solves-faster.ts";
export type { Detectable, TestDesign, Tested, Units } from "./claims/design.ts";
export { reachOf, type ClaimReach, type Reach, type ReachOptions } from "./claims/reach.ts";
export { judgeClaims, type JudgedClaim } from "./claims/judge.ts";
export type { FileHashes, FoldUnits, Results, StoredSeries, TrialRecord, TrialStatus, UnitValue } from "./results.ts";
export { foldRows, type Fold, type FoldRowsOptions } from "./folds.ts";
export { canonicalJson, type Json } from "./json.ts";

export { crossed, grid, type Axes } from "./variants/grid.ts";
export { randomSearch, type Distribution, type RandomSearchOptions } from "./variants/random-search.ts";

// Tuning it
export { tunesWith, type Halving, type Tune } from "./tuning/tune.ts";
export { tuningOf, tuningTrialCount, type Tuning, type TuningRung } from "./tuning/tuning.ts";
export { planSweep, type SweepPlan } from "./tuning/plan-sweep.ts";
export { runSweep, type SweepControl, type SweepOutcome } from "./tuning/run-sweep.ts";
export type { TriedSetting, TunedCell } from "./tuning/tuned.ts";
export type { TuningDocument } from "./report/tuning-document.ts";

// Planning and running it
export { settingOf, settingsOfTexts, studyWith, type Asked } from "./asked.ts";
export { laidOver, settingAt, settingsText } from "./settings.ts";
export {
  budgetOf,
  identified,
  plan,
  seedKey,
  trialConfig,
  trialName,
  type PlannedTrial,
  type PlanOptions,
  type TrialIdentity,
} from "./plan.ts";
export {
  runTime,
  sweepTime,
  timeSources,
  type MeasuredTrial,
  type RunTime,
  type TimedRun,
  type TimeSource,
  type TrialTime,
} from "./time/run-time.ts";
export { extrapolated, secondsOf, type Seconds, type TimedProgress } from "./time/pace.ts";
export { planRun, type RunCode, type RunPlan, type RunPlanOptions } from "./run/plan-run.ts";
export { placeOf, readRun, type StoredRun, type StoredTrial } from "./run/read-run.ts";
export { cachedTrials, type CachedTrial } from "./run/cached.ts";
export { manifestOf, runStudy, type RunControl, type RunEvent, type RunOutcome } from "./run/run-study.ts";
export type { Signal } from "./signal.ts";
export { inProcess } from "./run/in-process.ts";
export { memoryStore, type MemoryStore } from "./run/memory-store.ts";

// Writing an executor
export {
  overLimit,
  overMemory,
  stopping,
  type Ending,
  type Executor,
  type Stop,
  type TrialTask,
} from "./run/executor.ts";
export { runTrial, type TrialControl, type TrialStart } from "./run/run-trial.ts";

// Writing a store
export { recordOf, UNFINISHED } from "./results.ts";
export type {
  OpenOptions,
  ReducedTrial,
  Store,
  StoredEnvironment,
  StoredIdentities,
  StoreLock,
  TrialCurves,
  TrialRows,
  TrialSession,
} from "./run/store.ts";
export { chanceOf, reportedOf, type TrialResult } from "./run/result.ts";
export { checkedFileName, checkedRow, storedSeries } from "./run/checked.ts";
export { type Environment, type GitState } from "./environment.ts";
export type { Manifest } from "./manifest.ts";

// Importing trials that ran elsewhere
export type { Imported, ImportedFrom, ImportedTrial } from "./import/imported.ts";
export { identityOfGiven, type GivenFile, type GivenTrial } from "./import/given-trial.ts";
export { checkGiven, strangeSettings, usualSettings, type GivenProblem } from "./import/check-given.ts";
export { importTrial, summaryOfGiven } from "./import/import-trial.ts";

// What people say about runs and trials
export {
  isAnnotated,
  NO_ANNOTATIONS,
  withNote,
  withoutNote,
  withTags,
  type Annotations,
  type Note,
} from "./annotations.ts";

// Comparing trials
export {
  differencesText,
  identityDifferences,
  settingDifferences,
  type IdentityDifferences,
  type SettingDifference,
} from "./compare/identity.ts";
export { parting, type Parting } from "./compare/rows.ts";
export {
  compareSummaries,
  type ComparedMetric,
  type ComparedRuns,
  type PairedDifference,
  type RunSummary,
} from "./compare/summaries.ts";
export { agreementOf, type Agreement, type AgreementOptions, type VerifiedTrial } from "./compare/agreement.ts";
export {
  areSame,
  compareRuns,
  environmentText,
  type EnvironmentDifference,
  type RunComparison,
  type TrialPair,
} from "./compare/runs.ts";

// Reporting it
export { knownManifest, type KnownManifest } from "./run/known-manifest.ts";
export { readModel, type ReportedEnvironment, type ReportModel } from "./report/model.ts";
export { page } from "./report/page.ts";
export { curvesOf, thinned, type Curve, type Curves } from "./report/curves.ts";
export type { ResultsDocument } from "./report/document.ts";
export { writeReport, type WrittenReport } from "./report/write.ts";
export { formatMean, formatSeconds } from "./report/numbers.ts";
export { formatNumber } from "@sluice/figures";

// Statistics: intervals, each of which states its method
export {
  meanInterval,
  pairedInterval,
  studentHalfWidth,
  studentInterval,
  wilsonInterval,
  type Interval,
  type IntervalOptions,
  type StatedInterval,
} from "./statistics/intervals.ts";
export {
  bcaInterval,
  clusterInterval,
  pairedBootstrapInterval,
  type BootstrapOptions,
  type ClusterOptions,
  type ResamplingOptions,
} from "./statistics/bootstrap.ts";
export { signedRankInterval } from "./statistics/signed-rank.ts";
export { expectedBest, type ExpectedBestOptions } from "./statistics/expected-best.ts";

// Statistics: scores of several tasks
export {
  interquartileMeanOfTasks,
  optimalityGap,
  performanceProfile,
  probabilityOfImprovement,
  stratifiedInterval,
  type ProfileOptions,
  type ProfilePoint,
  type StratifiedOptions,
  type StratifiedStatistic,
  type TaskScores,
} from "./statistics/stratified.ts";
export { compareOverTasks, type OverTasks, type OverTasksOptions } from "./statistics/tasks.ts";

// Statistics: tests
export { equivalenceTest, holm, meanTest } from "./statistics/tests.ts";
export { leastSignedRankP, signedRankTest, type SignedRankOptions } from "./statistics/signed-rank.ts";
export { cliffsDelta, mannWhitneyTest } from "./statistics/mann-whitney.ts";
export type { Side } from "./statistics/ranks.ts";
export { delongTest, type Delong } from "./statistics/delong.ts";
export {
  leastLogRankP,
  logRankTest,
  type LogRank,
  type LogRankOptions,
  type StepsToSolve,
} from "./statistics/log-rank.ts";
export { medianSteps, survivalCurve, type SurvivalPoint } from "./statistics/survival-curve.ts";
export {
  detectableEffect,
  detectableMargin,
  equivalencePower,
  tTestPower,
  type PowerOptions,
} from "./statistics/power.ts";
export {
  detectableByLogRank,
  detectableBySignedRank,
  type SimulatedPowerOptions,
} from "./statistics/simulated-power.ts";

// Statistics: distributions and summaries
export { studentCdf, studentQuantile } from "./statistics/student.ts";
export { normalCdf, normalQuantile } from "./statistics/normal.ts";
export { interquartileMean, mean as sampleMean, median, quantile, standardDeviation } from "./statistics/summary.ts";

// Error messages for the user
export { isStoreFailure, messageOf, storeError, studyError, systemCode } from "./error.ts";
export { nearest, suggestion } from "./nearest.ts";
