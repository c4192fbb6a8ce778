// Cells on tasks
export { compare, type CompareOptions, type CompareSettings } from "./compare/compare.ts";
export type { CellOf, ComparedCell, Match } from "./compare/cells.ts";
export type { ComparedTask } from "./compare/tasks.ts";
export { productsPerStep } from "./compare/products.ts";

// Several modalities
export {
  multimodalStudy,
  type MultimodalKind,
  type MultimodalSettings,
  type MultimodalStudyOptions,
} from "./modalities/study.ts";
export type { ModalityParts } from "./modalities/parts.ts";

// What all jobs have in common
export type { DataOf, DataRequest, TaskData } from "./data.ts";
export type { TaskExamples } from "./examples.ts";
export type { JobOptions, JobSettings } from "./settings.ts";
export type { JobTune, Tried, Tunable } from "./tune.ts";
export type { TaskKind } from "./kinds.ts";

// Records to a model
export { recordsStudy, type RecordsPrediction, type RecordsStudy } from "./records/study.ts";
export type { RecordsSettings, RecordsStudyOptions, Selection } from "./records/options.ts";
export type { Reading, RecordsFile, RecordsList, RecordsSource, RecordsText } from "./records/source.ts";
export type { RecordsInputs, RecordsTarget } from "./records/prepared.ts";
export type { ReadKept } from "./records/kept.ts";
