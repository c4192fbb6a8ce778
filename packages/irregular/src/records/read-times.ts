import { TensorError } from "@sluice/tensor";
import { nth, shown } from "@sluice/tensor/internal";
import { problemOf } from "./reading.ts";
import { needsNoTime, noTime, placeAt, type Readings } from "./readings.ts";
import { placeOf, type RecordProblem } from "./report.ts";
import { isOtherDate, timeConverter, timeFormats, type TimeFormat, type TimeOptions } from "./time.ts";

/** Readings whose times are in one unit. */
export interface Timed {
  readonly timeFormat: TimeFormat;
  /** 0 if static, NaN if there is none. */
  readonly time: Float64Array;
}

/**
 * Converts the times in the format asked for, or in that of most of them. Adds those in other formats to `problems`.
 * `unread` are the texts of those in none, in order.
 */
export function readTimes(
  operation: string,
  readings: Readings,
  { time: options, unread }: { readonly time: TimeOptions; readonly unread: readonly unknown[] },
  problems: RecordProblem[],
): Timed {
  const { length, format, time: written } = readings;
  const counts = timeFormats.map(() => 0);
  for (let i = 0; i < length; i++) {
    const index = nth(format, i);
    if (index < counts.length) counts[index] = nth(counts, index) + 1;
  }
  const most = counts.indexOf(Math.max(...counts));
  const first = Array.prototype.indexOf.call(format, noTime);
  if (options.format === undefined && counts[most] === 0 && first >= 0) {
    const advice = isOtherDate(unread[0])
      ? 'say in which order its parts are: time.format "day-month-year" or "month-day-year"'
      : "expected numbers, HH:MM or ISO dates, such as 12.5, 07:30 or 2024-03-01T07:30";
    throw new TensorError(
      `${operation}: none of ${unread.length} times can be read, such as ${shown(unread[0])} in ${placeOf(placeAt(readings, first))}; ${advice}`,
    );
  }
  const timeFormat = options.format ?? nth(timeFormats, most);
  const wanted = timeFormats.indexOf(timeFormat);
  const convert = timeConverter(timeFormat, options);
  const time = new Float64Array(length);
  let unreadBefore = 0;
  for (let i = 0; i < length; i++) {
    const index = nth(format, i);
    const text = index === noTime ? shown(unread[unreadBefore++]) : undefined;
    if (index === needsNoTime) continue;
    const converted = index === wanted ? convert(nth(written, i)) : undefined;
    time[i] = converted ?? Number.NaN;
    if (converted !== undefined) continue;
    const said =
      text ?? (index === 0 ? String(nth(written, i)) : `written as ${expectedTime[nth(timeFormats, index)]}`);
    problems.push(problemOf("time", placeAt(readings, i), `the time is ${said}, expected ${expectedTime[timeFormat]}`));
  }
  return { timeFormat, time };
}

const expectedTime = {
  number: "a finite number",
  clock: "HH:MM or HH:MM:SS",
  iso: "an ISO date",
  "day-month-year": "a date such as 31.12.2024 13:30",
  "month-day-year": "a date such as 12/31/2024 13:30",
} as const;
