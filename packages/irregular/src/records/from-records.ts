import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { recordCollector } from "./collector.ts";
import type { Observations } from "./observations.ts";
import { recordSettings, type RecordOptions } from "./options.ts";
import type { ObservedRecord } from "./reading.ts";
import type { RecordsReport } from "./report.ts";

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
 * is not a number, a unit without a conversion, a time that cannot be read, a variable or row that was not asked for,
 * another value of the same time. Nothing is repaired. A row of which no value can be read stays, without steps.
 *
 * Throws a TensorError for wrong options, if no time can be read though there are some, if a variable without a
 * declared unit has values in two units, and with `sameTime: "error"` (the default) if a row has two different values of
 * a variable at one time.
 */
export function fromRecords(records: Iterable<ObservedRecord>, options: RecordOptions): FromRecords {
  const collector = recordCollector("fromRecords", recordSettings("fromRecords", options));
  if (typeof records !== "object" || records === null || !(Symbol.iterator in records))
    throw new TensorError(
      `fromRecords: records is ${shown(records)}, expected a list of { id, time, variable, value }`,
    );
  for (const record of records) collector.add(record);
  return collector.finish();
}
