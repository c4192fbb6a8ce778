import { TensorError } from "@sluice/tensor";
import { shown, suggestion } from "@sluice/tensor/internal";
import { finiteNumber, type DecimalMark } from "./number.ts";
import type { TimeUnit } from "./observations.ts";

/**
 * How a time is written: as a number, `"number"`; as `HH:MM` or `HH:MM:SS` since the start of the row, `"clock"`, where
 * hours may exceed 24; or as an ISO 8601 date with or without a time, `"iso"`: `2024-03-01`, `2024-03-01T13:30`,
 * `2024-03-01 13:30:05.25+02:00`. Other dates are read only if you say in which order they are, since 03/04/2024 can be
 * either: `31.3.2024`, `31/03/2024 13:30` or `31-03-2024 13:30:05` as `"day-month-year"`, and `3/31/2024 13:30` as
 * `"month-day-year"`.
 */
export type TimeFormat = "number" | "clock" | "iso" | "day-month-year" | "month-day-year";

/** How times are read, and the unit that they get. */
export interface TimeOptions {
  /** The unit of the times of the data set. */
  readonly unit: TimeUnit;
  /** Default: recognised. It is the format that most of the times have; the report names it. */
  readonly format?: TimeFormat;
  /** The unit that numbers are in. Default: `unit`. */
  readonly numbersIn?: TimeUnit;
}

const milliseconds: Readonly<Record<TimeUnit, number>> = {
  milliseconds: 1,
  seconds: 1000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
};

/** Throws a TensorError if a value is not a unit of time. */
export function checkTimeUnit(operation: string, option: string, unit: unknown): void {
  if (typeof unit === "string" && Object.hasOwn(milliseconds, unit)) return;
  const units = Object.keys(milliseconds);
  const known = typeof unit === "string" ? suggestion(unit, units) : `known: ${units.join(", ")}`;
  throw new TensorError(`${operation}: ${option} is ${shown(unit)}, expected a unit of time; ${known}`);
}

/** What headings call units of time, besides their names. */
const shortNames: Readonly<Record<string, TimeUnit>> = {
  ms: "milliseconds",
  s: "seconds",
  sec: "seconds",
  second: "seconds",
  min: "minutes",
  minute: "minutes",
  h: "hours",
  hour: "hours",
  d: "days",
  day: "days",
  week: "weeks",
};

/** The unit of time that a text names, such as `hours` or `h`; undefined if it names none. */
export function timeUnitOf(text: string): TimeUnit | undefined {
  const units = Object.keys(milliseconds).filter((unit): unit is TimeUnit => unit === text.toLowerCase());
  return units[0] ?? (Object.hasOwn(shortNames, text) ? shortNames[text] : undefined);
}

/** Times by format: a number in the unit that it is in, or milliseconds; undefined if the text is not in the format. */
const parsers: Readonly<Record<TimeFormat, (given: unknown, decimal: DecimalMark) => number | undefined>> = {
  number: finiteNumber,
  clock: clockTime,
  iso: isoTime,
  "day-month-year": (given) => dateTime(given, true),
  "month-day-year": (given) => dateTime(given, false),
};

/** Formats that no other text is in. Where as many times have one as another, the first of them is taken. */
export const recognisedFormats: readonly TimeFormat[] = ["number", "clock", "iso"];

/** All formats. */
export const timeFormats: readonly TimeFormat[] = [...recognisedFormats, "day-month-year", "month-day-year"];

/** Throws a TensorError if a value is not a format of times. */
export function checkTimeFormat(operation: string, format: unknown): void {
  if (timeFormats.some((known) => known === format)) return;
  throw new TensorError(`${operation}: time.format is ${shown(format)}, expected ${timeFormats.join(", ")}`);
}

/** A time as it is written: in milliseconds, or for a number, in the unit that numbers are in. */
export interface WrittenTime {
  readonly format: TimeFormat;
  readonly value: number;
}

/** Reads a time in the first of these formats that it is in; undefined if it is in none. */
export function writtenTime(
  given: unknown,
  formats: readonly TimeFormat[],
  decimal: DecimalMark,
): WrittenTime | undefined {
  for (const format of formats) {
    const value = parsers[format](given, decimal);
    if (value !== undefined) return { format, value };
  }
  return undefined;
}

/** A function from the value of a written time to a time in `unit`; undefined if that is too large. */
export function timeConverter(
  format: TimeFormat,
  { unit, numbersIn = unit }: TimeOptions,
): (written: number) => number | undefined {
  const from = format === "number" ? milliseconds[numbersIn] : 1;
  const to = milliseconds[unit];
  return (written) => {
    if (from === to) return written;
    const time = (written * from) / to + 0;
    return Number.isFinite(time) ? time : undefined;
  };
}

/** Milliseconds of `HH:MM` or `HH:MM:SS`. */
function clockTime(given: unknown): number | undefined {
  if (typeof given !== "string") return undefined;
  const [, hours, minutes, seconds = "0"] = /^(\d{1,5}):([0-5]\d)(?::([0-5]\d))?$/.exec(given.trim()) ?? [];
  if (hours === undefined || minutes === undefined) return undefined;
  return 3_600_000 * Number(hours) + 60_000 * Number(minutes) + 1000 * Number(seconds);
}

const isoPattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?(?:Z|([+-])([01]\d|2[0-3]):?([0-5]\d))?)?$/;

/**
 * Milliseconds since 1970-01-01T00:00Z of an ISO date. Without a zone it is UTC. `Date.parse` is not used: engines
 * differ in what else it takes, it moves 30 February to March, and it reads a time without a zone as local.
 */
function isoTime(given: unknown): number | undefined {
  if (typeof given !== "string") return undefined;
  const found = isoPattern.exec(given.trim());
  if (found === null) return undefined;
  const part = (i: number): number => Number(found[i] ?? 0);
  const [year, month, day] = [part(1), part(2), part(3)];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  const fraction = (found[7] ?? "").padEnd(3, "0");
  const thousandths = Number(`${fraction.slice(0, 3)}.${fraction.slice(3)}`);
  const clock = 3_600_000 * part(4) + 60_000 * part(5) + 1000 * part(6) + thousandths;
  const zone = 3_600_000 * part(9) + 60_000 * part(10);
  return 86_400_000 * daysSince1970(year, month, day) + clock + (found[8] === "-" ? zone : -zone);
}

const datePattern =
  /^(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:,?[T ]\s*(\d|[01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,3}))?)?)?$/;

/** Whether a value is a date whose day or month comes first. */
export const isOtherDate = (given: unknown): boolean => typeof given === "string" && datePattern.test(given.trim());

/** Milliseconds since 1970-01-01T00:00Z of a date in UTC with four digits for the year. */
function dateTime(given: unknown, dayFirst: boolean): number | undefined {
  if (typeof given !== "string") return undefined;
  const found = datePattern.exec(given.trim());
  if (found === null) return undefined;
  const part = (i: number): number => Number(found[i] ?? 0);
  const [day, month, year] = [part(dayFirst ? 1 : 3), part(dayFirst ? 3 : 1), part(4)];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  const clock = 3_600_000 * part(5) + 60_000 * part(6) + 1000 * part(7) + Number((found[8] ?? "").padEnd(3, "0"));
  return 86_400_000 * daysSince1970(year, month, day) + clock;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 in the Gregorian calendar. The year is counted from March, so that a leap day ends it. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const monthsSinceMarch = (month + 9) % 12;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return 365 * y + leapDays + Math.floor((153 * monthsSinceMarch + 2) / 5) + day - 1 - 719_468;
}
