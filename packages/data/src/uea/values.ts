import type { Fail } from "../error.ts";
import { shortened } from "./header.ts";

/** The values of one channel, and their times if it has time stamps. */
export interface Channel {
  readonly values: Float64Array;
  readonly times: Float64Array | undefined;
}

/** A number, or NaN where the value is missing: "?" or "NaN". */
export function numberOf(text: string, fail: (wrong: string) => never): number {
  if (text === "?" || text === "NaN") return NaN;
  // Number() alone would also take "0x10" and "0b1".
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return fail(`"${shortened(text)}" is not a number`);
  const value = Number(text);
  return Number.isFinite(value) ? value : fail(`"${shortened(text)}" is too large for a number`);
}

/** Values separated by commas. */
export function plainChannel(text: string, fail: (wrong: string) => never): Channel {
  const values = Float64Array.from(text.split(","), (value) => numberOf(value.trim(), fail));
  return { values, times: undefined };
}

/** Pairs of a time stamp and a value, `(0,1.5),(2,1.7)`, with increasing times. */
export function timedChannel(text: string, fail: (wrong: string) => never): Channel {
  const whole = text.trim();
  const [values, times]: [number[], number[]] = [[], []];
  let at = 0;
  while (at < whole.length) {
    const pair = /\s*\(([^(),]*),([^(),]*)\)\s*(,?)/y;
    pair.lastIndex = at;
    const found = pair.exec(whole);
    if (found === null) return fail(`"${shortened(whole.slice(at))}" is not a pair (time,value)`);
    const [all, time = "", value = "", comma] = found;
    at += all.length;
    if ((comma === ",") !== at < whole.length)
      fail(comma === "," ? "it ends with a comma" : `a comma is missing before "${shortened(whole.slice(at))}"`);
    const [now, before] = [timeOf(time.trim(), fail), times.at(-1)];
    if (before !== undefined && now <= before)
      fail(`the time stamp ${time.trim()} is not after the one before it; times must increase`);
    times.push(now);
    values.push(numberOf(value.trim(), fail));
  }
  if (values.length === 0) fail("a channel has no values");
  return { values: Float64Array.from(values), times: Float64Array.from(times) };
}

/** A time stamp: a number, or a date and time without a zone (as UTC), in seconds since 1970. */
function timeOf(text: string, fail: (wrong: string) => never): number {
  const date = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?))?$/.exec(text.replace(/^"(.*)"$/, "$1"));
  if (date === null) {
    const time = numberOf(text, fail);
    return Number.isNaN(time) ? fail(`the time stamp "${text}" is missing`) : time;
  }
  const [, day = "", clock = "00:00"] = date;
  const instant = Date.parse(`${day}T${clock}Z`);
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(instant) || new Date(instant).toISOString().slice(0, 10) !== day)
    return fail(`the time stamp "${text}" is not a date of the calendar`);
  return instant / 1000;
}

/** Divides a line at the ":" that are not inside brackets, where they belong to a time. */
export function partsOf(line: string, timeStamps: boolean): string[] {
  return timeStamps ? line.split(/:(?![^(]*\))/) : line.split(":");
}

/** A {@link Fail} of one line. */
export const failAt =
  (fail: Fail, line: number) =>
  (wrong: string): never =>
    fail(`line ${line + 1}`, wrong);
