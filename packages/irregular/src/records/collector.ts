import { assemble } from "./assemble.ts";
import type { FromRecords } from "./from-records.ts";
import type { Variable } from "./observations.ts";
import type { RecordSettings } from "./options.ts";
import { idOf, readRecord, type RawRecord, type Reading, type UnreadableLine } from "./reading.ts";
import { growingNames, growingReadings, needsNoTime, noTime, type GrowingReadings, type Names } from "./readings.ts";
import type { RecordProblem } from "./report.ts";
import { recognisedFormats, timeFormats, writtenTime, type TimeOptions, type WrittenTime } from "./time.ts";
import { readTimes } from "./read-times.ts";
import { seenUnits, type SeenUnits } from "./units.ts";
import { inOrder } from "./variables.ts";

/** What a table adds to its records. */
export interface TableAccount {
  /** Cells without a value. They count as read. */
  readonly empty: number;
  readonly unused: readonly string[];
  /** The ids of all lines, also of those without any value. */
  readonly ids: Iterable<unknown>;
  /** The variables that headings name, the static ones too. Undefined if a column has their names. */
  readonly headed: readonly Variable[] | undefined;
  readonly time: TimeOptions;
}

/** Takes records one by one and keeps only what was read of them. */
export interface RecordCollector {
  add(record: RawRecord | UnreadableLine): void;
  /** Makes the data set. Tables have an account of their own. */
  finish(account?: TableAccount): FromRecords;
}

/** Collects records, with checked settings. */
export function recordCollector(operation: string, settings: RecordSettings): RecordCollector {
  const names = growingNames();
  const declared = (name: string): Variable | undefined =>
    settings.staticNamed.get(name) ?? settings.variableNamed?.get(name);
  const collected: Collected = {
    ids: growingNames(),
    names,
    readings: growingReadings(),
    unreadTimes: [],
    units: seenUnits(operation, (name) => declared(name)?.unit),
    problems: [],
    count: 0,
  };
  const formats = settings.time.format === undefined ? recognisedFormats : [settings.time.format];
  const add = (reading: Reading): void => {
    collected.units.add(reading);
    const { id, variable, value, record, line = 0, isStatic } = reading;
    const time = isStatic ? undefined : writtenTime(reading.time, formats, settings.decimal);
    if (!isStatic && time === undefined) collected.unreadTimes.push(reading.time);
    const format = isStatic ? needsNoTime : formatIndex(time);
    const indices = { id: collected.ids.add(id), name: names.add(variable) };
    collected.readings.add({ ...indices, value, time: time?.value ?? 0, format, record, line });
  };
  return {
    add(given) {
      const read = readRecord(operation, given, collected.count++, settings, collected);
      if ("fault" in read) collected.problems.push(read);
      else add(read);
    },
    finish: (account = { empty: 0, unused: [], ids: [], headed: undefined, time: settings.time }) =>
      dataSetOf(operation, settings, collected, account),
  };
}

/** What is kept of the records. */
interface Collected {
  readonly ids: Names;
  readonly names: Names;
  readonly readings: GrowingReadings;
  /** The times that are in no format, as they are written. */
  readonly unreadTimes: unknown[];
  readonly units: SeenUnits;
  readonly problems: RecordProblem[];
  count: number;
}

const formatIndex = (time: WrittenTime | undefined): number =>
  time === undefined ? noTime : timeFormats.indexOf(time.format);

function dataSetOf(
  operation: string,
  settings: RecordSettings,
  { ids, names, readings, unreadTimes, units, problems, count }: Collected,
  account: TableAccount,
): FromRecords {
  for (const given of account.ids) {
    const id = idOf(given);
    if (id !== undefined) ids.add(id);
  }
  const all = readings.all();
  const times = readTimes(operation, all, { time: account.time, unread: unreadTimes }, problems);
  const headed = new Map(account.headed?.map((variable) => [variable.name, variable]));
  const withUnit = (variable: Variable): Variable => {
    const unit = variable.unit ?? units.of(variable.name) ?? headed.get(variable.name)?.unit;
    return unit === undefined ? variable : { ...variable, unit };
  };
  const found = (account.headed ?? inOrder(names.list).map((name) => ({ name }))).filter(
    ({ name }) => !settings.staticNamed.has(name),
  );
  const { observations, kept, repeated } = assemble(
    operation,
    { ...all, ...times, ids: ids.list, names: names.list },
    {
      ids: settings.ids ?? inOrder(ids.list),
      variables: (settings.variables ?? found).map(withUnit),
      statics: settings.statics.map(withUnit),
      sameTime: settings.sameTime,
      timeUnit: account.time.unit,
    },
    problems,
  );
  problems.sort((a, b) => a.record - b.record);
  const { empty, unused } = account;
  const converted = units.converted();
  const time = { format: times.timeFormat, recognised: settings.time.format === undefined, unit: account.time.unit };
  return { observations, report: { read: count + empty, kept, empty, repeated, problems, time, converted, unused } };
}
