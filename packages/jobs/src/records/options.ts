import { gru } from "@sluice/cells";
import type { Imputation } from "@sluice/irregular";
import { TensorError } from "@sluice/tensor";
import { checkFunction, checkOptions, hasMembers, shown } from "@sluice/tensor/internal";
import { checkedCells, type CellOf, type ComparedCell } from "../compare/cells.ts";
import { checkChoice, jobAliases, jobOptions, settingsFrom, type JobOptions, type JobSettings } from "../settings.ts";
import type { RecordsInputs, RecordsTarget } from "./prepared.ts";
import { checkSource, type Reading, type RecordsSource } from "./source.ts";

/** The settings of {@link recordsStudy}. */
export type RecordsSettings = JobSettings & {
  /** The name of the cell. */
  readonly cell: string;
  /** What selects the epoch whose weights are kept. */
  readonly select: Selection;
  readonly inputs: RecordsInputs;
  readonly imputation: Imputation;
  /** The share of the training rows that decides which weights are kept. Default 0.2. */
  readonly validation: number;
};

/** Options of {@link recordsStudy}. */
export interface RecordsStudyOptions extends Omit<JobOptions<RecordsSettings>, "seeds"> {
  /** Where the records are: `{ path }` or `{ text }` of a CSV file, or a `{ list }`. */
  readonly records: RecordsSource;
  /** How they are read: `{ layout, columns, time, variables }`. */
  readonly reading: Reading;
  /** The static variable that is predicted: classes if it has `categories`, or else a number. */
  readonly target: RecordsTarget;
  /** The cells by name: functions of `{ input, hidden }`. Default `{ gru }`. */
  readonly cells?: Readonly<Record<string, CellOf | ComparedCell>>;
  /** How many times the division into folds is drawn. Default 1. */
  readonly seeds?: number | readonly number[];
  /** The number of folds. Default 5. */
  readonly folds?: number;
  /** The share of the training rows for validation, at most 0.5; rounded to the nearest 1/n. Default 0.2. */
  readonly validation?: number;
  /** The group of a row, such as the hospital of a patient, from its id. No group is in two parts. Default: none. */
  readonly group?: (id: string) => string;
  /**
   * What selects the epoch whose weights are kept and tested: "loss" (default), "accuracy" or "auroc" for classes,
   * "rmse" or "mae" for numbers; always on the validation rows.
   */
  readonly select?: Selection;
  /** How values that were not observed are filled in. Default "forward". */
  readonly imputation?: Imputation;
  /** How a cell gets the values of a step. Default "joined". */
  readonly inputs?: RecordsInputs;
}

/** What selects the epoch whose weights are kept. */
export type Selection = "loss" | "accuracy" | "auroc" | "rmse" | "mae";

/** The options of a study of records, checked and with their defaults. */
export interface RecordsJob {
  readonly source: RecordsSource;
  readonly reading: Reading;
  readonly target: RecordsTarget;
  readonly cells: ReturnType<typeof checkedCells>;
  readonly group: ((id: string) => string) | undefined;
  readonly isClass: boolean;
  readonly folds: number;
  readonly settings: RecordsSettings;
}

const own = ["records", "reading", "target", "cells", "folds", "validation", "group", "select", "imputation", "inputs"];

/** Checks the options of a study of records. */
export function checkedRecords(operation: string, options: RecordsStudyOptions): RecordsJob {
  checkOptions(operation, options, [...jobOptions, ...own], {
    ...jobAliases,
    table: "records",
    data: "records",
    label: "target",
    groups: "group",
    monitor: "select",
  });
  const { records: source, reading, target, folds = 5, group, cells = { gru } } = options;
  checkSource(operation, source);
  if (!hasMembers(reading, { time: "object" }))
    throw new TensorError(
      `${operation}: reading is ${shown(reading)}, expected how records are read, such as { layout: "wide", time: { unit: "hours" } }`,
    );
  if (!hasMembers(target, { name: "string" }))
    throw new TensorError(`${operation}: target is ${shown(target)}, expected { name } or { name, categories }`);
  checkOptions(`${operation}: target`, target, ["name", "categories"], { classes: "categories" });
  const { categories } = target;
  if (categories !== undefined && (!Array.isArray(categories) || categories.length < 2))
    throw new TensorError(`${operation}: target.categories is ${shown(categories)}, expected at least two texts`);
  if (group !== undefined) checkFunction(operation, "group", group);
  const isClass = categories !== undefined;
  const { validation = 0.2, select = "loss", inputs = "joined", imputation = "forward" } = options;
  if (!(typeof validation === "number" && validation > 0 && validation <= 0.5))
    throw new TensorError(
      `${operation}: expected validation as a share above 0 and at most 0.5, got ${shown(validation)}`,
    );
  const checked = checkedCells(operation, cells);
  const [cell = ""] = checked.keys();
  const settings = { ...settingsFrom(operation, options), cell, select, inputs, imputation, validation };
  const job = { source, reading, target, cells: checked, group, isClass, folds, settings };
  checkChoices(operation, job, settings);
  return job;
}

/** Checks the settings that are one of several. A run may ask for other settings than the options. */
export function checkChoices(
  operation: string,
  { isClass, reading }: Pick<RecordsJob, "isClass" | "reading">,
  { select, inputs }: Pick<RecordsSettings, "select" | "inputs">,
): void {
  checkChoice(operation, "select", select, isClass ? ["loss", "accuracy", "auroc"] : ["loss", "rmse", "mae"]);
  checkChoice(operation, "inputs", inputs, ["joined", "separate"]);
  if (inputs === "separate" && (reading.statics ?? []).length > 0)
    throw new TensorError(`${operation}: reading.statics are read with inputs: "joined" only`);
}
