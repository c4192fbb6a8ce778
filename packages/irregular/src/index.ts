// Sequences of unequal length
export { type RaggedBatch, type RaggedParts, lengthsOf, raggedBatch, sequenceAt } from "./ragged/ragged-batch.ts";
export {
  type Padded,
  type PaddedOptions,
  type PaddedParts,
  fromPadded,
  toPadded,
  toTimeMajor,
} from "./ragged/padded.ts";
export { type Sorted, batchesByLength, joinRagged, sortByLength, takeSequences } from "./ragged/select.ts";

// Observation masks and elapsed times
export { forwardFill } from "./observation/forward-fill.ts";
export { timeSinceObserved } from "./observation/time-since-observed.ts";
export { timeUntilObserved } from "./observation/time-until-observed.ts";
export { observedMeans } from "./observation/observed-means.ts";

// Data sets of what people have: records, tables, JSON lines
export {
  type Observations,
  type Statics,
  type TimeUnit,
  type Variable,
  observedCount,
  takeRows,
} from "./records/observations.ts";
export { joinObservations } from "./records/join.ts";
export { mergeObservations } from "./records/merge.ts";
export { labelsOf } from "./records/labels-of.ts";
export { sinceStart } from "./records/since-start.ts";
export { type FromRecords, fromRecords } from "./records/from-records.ts";
export type { ObservedRecord } from "./records/reading.ts";
export type { RecordOptions, SameTime } from "./records/options.ts";
export type { TimeFormat, TimeOptions } from "./records/time.ts";
export type { Conversions, Converted, UnitConversion } from "./records/units.ts";
export { type RecordFault, type RecordProblem, type RecordsReport, reportLines } from "./records/report.ts";
export { type CsvOptions, fromCsv, fromCsvStream } from "./tables/csv.ts";
export { fromJsonLines, fromJsonLinesStream } from "./tables/json-lines.ts";
export type { TextChunks } from "./tables/chunks.ts";
export { type CsvLine, type SplitCsvOptions, splitCsv } from "./tables/split-csv.ts";
export type { TableColumns } from "./tables/columns.ts";
export type { TableOptions } from "./tables/table.ts";

// Views of a data set
export { type EventTimeOptions, eventTime } from "./views/event-time.ts";
export { elapsedByVariable } from "./views/elapsed-by-variable.ts";
export { type GriddedOptions, gridded } from "./views/grid.ts";
export { type WindowedOptions, windowed } from "./views/windows.ts";
export { type PaddedExamples, type PaddedExamplesOptions, paddedExamples } from "./views/padded-examples.ts";
export type { Statistic } from "./views/statistics.ts";
export type { ObservationsView } from "./views/view.ts";

// Sequences with times of their own on one clock
export {
  type AlignClocksOptions,
  type AlignedClocks,
  type AlignmentCounts,
  alignClocks,
} from "./alignment/align-clocks.ts";
export type { AlignmentRule } from "./alignment/rules.ts";
export type { Clock, TimedSequences } from "./alignment/timed.ts";

// Scaling and imputation, fitted to training rows
export { type Scale, type Scaler, type Scaling, applyScaler, fitScaler, invertScaler } from "./scaling/scaler.ts";
export { type Imputation, type Imputer, type Typical, applyImputer, fitImputer } from "./scaling/imputer.ts";

// Paths for neural controlled differential equations
export { linearPath } from "./paths/linear-path.ts";
export { type RectilinearPathOptions, rectilinearPath } from "./paths/rectilinear-path.ts";
export { hermitePath, naturalCubicPath } from "./paths/cubic-path.ts";

// Models that fill in missing values
export {
  type BritsEstimates,
  type BritsModel,
  type BritsOptions,
  type BritsOutput,
  type BritsParams,
  brits,
} from "./models/brits.ts";
export { type BritsLossOptions, britsLoss } from "./models/brits-loss.ts";
export { type MRnnModel, type MRnnOptions, type MRnnOutput, type MRnnParams, mRnn } from "./models/m-rnn.ts";
export { mRnnLoss } from "./models/m-rnn-loss.ts";
export type { CountedExamples, ObservedExamples } from "./models/observed.ts";

// Values hidden on purpose, to score imputations
export type { Hidden, HideOptions } from "./missingness/hidden.ts";
export { missingCompletelyAtRandom } from "./missingness/missing-completely-at-random.ts";
export { type MissingAtRandomOptions, missingAtRandom } from "./missingness/missing-at-random.ts";
export { type MissingNotAtRandomOptions, missingNotAtRandom } from "./missingness/missing-not-at-random.ts";
export { type MissingBlocksOptions, missingBlocks } from "./missingness/missing-blocks.ts";

// What cells with decays keep from step to step
export { type Retention, retention } from "./retention.ts";

// Examples of tasks, for fit
export { type CountedTarget, type ImputationExamples, imputationExamples } from "./tasks/imputation-examples.ts";
export { type ForecastExamples, type ForecastExamplesOptions, forecastExamples } from "./tasks/forecast-examples.ts";
export {
  type NextEventExamples,
  type NextEventExamplesOptions,
  nextEventExamples,
} from "./tasks/next-event-examples.ts";
