import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { assemble } from "./assemble.ts";
import type { Observations } from "./observations.ts";
import { recordSettings, type RecordOptions, type RecordSettings } from "./options.ts";
import {
  idOf,
  readRecord,
  readTimes,
  type ObservedRecord,
  type RawRecord,
  type Reading,
  type UnreadableLine,
} from "./reading.ts";
import type { RecordProblem, RecordsReport } from "./report.ts";
import { inOrder } from "./variables.ts";

/** Observations, and an account of the records that they were made of. */
export interface FromRecords {
  readonly observations: Observations;
  readonly report: RecordsReport;
}

/**
 * Makes a data set of records in any order. Rows and variables are sorted, so that the order of the records changes no
 * bit of it, except where the rule `"first"` or `"last"` chooses one of several values of one time.
 *
 * Every record becomes an observed value, or the report lists it with its number and line: an empty value, a text that
 * is not a number, a time that cannot be read, a variable or row that was not asked for, another value of the same
 * time. Nothing is repaired. A row of which no value can be read stays, without steps.
 *
 * Throws a TensorError for wrong options, if no time can be read though there are some, and with `sameTime: "error"`
 * (the default) if a row has two different values of a variable at one time.
 */
export function fromRecords(records: Iterable<ObservedRecord>, options: RecordOptions): FromRecords {
  return recordsOf("fromRecords", records, recordSettings("fromRecords", options));
}

/** What a table adds to its report. */
export interface TableAccount {
  /** Cells without a value. They count as read. */
  readonly empty: number;
  readonly unused: readonly string[];
  /** The ids of all lines, also of those without any value. */
  readonly ids: Iterable<unknown>;
}

/** {@link fromRecords} with checked settings. Tables have an `account`, which is asked after the last record. */
export function recordsOf(
  operation: string,
  records: Iterable<RawRecord | UnreadableLine>,
  settings: RecordSettings,
  account: () => TableAccount = () => ({ empty: 0, unused: [], ids: [] }),
): FromRecords {
  if (typeof records !== "object" || records === null || !(Symbol.iterator in records))
    throw new TensorError(
      `${operation}: records is ${shown(records)}, expected a list of { id, time, variable, value }`,
    );
  const problems: RecordProblem[] = [];
  const readings: Reading[] = [];
  const [ids, names] = [new Set<string>(), new Set<string>()];
  let count = 0;
  for (const record of records) {
    const read = readRecord(operation, record, count++, settings, { ids, names });
    if ("fault" in read) problems.push(read);
    else readings.push(read);
  }
  const { empty, unused, ids: lines } = account();
  for (const given of lines) {
    const id = idOf(given);
    if (id !== undefined) ids.add(id);
  }
  const { timed, time } = readTimes(operation, readings, settings, problems);
  const { observations, kept, repeated } = assemble(
    operation,
    timed,
    {
      ...settings,
      ids: settings.ids ?? inOrder([...ids]),
      variables: settings.variables ?? inOrder([...names]).map((name) => ({ name })),
    },
    problems,
  );
  problems.sort((a, b) => a.record - b.record);
  return { observations, report: { read: count + empty, kept, empty, repeated, problems, time, unused } };
}
