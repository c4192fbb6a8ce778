/** What the options of commands may be. */
import { InvalidArgumentError } from "commander";

export function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("expected a number of seconds above 0.");
  return value;
}

/** For `--option [seconds]`, which may be given without a number. */
export const optionalSeconds = (text: string | undefined): number | true => (text === undefined ? true : seconds(text));

const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1_048_576,
  gib: 1_073_741_824,
  tib: 1_099_511_627_776,
};

/** A size in bytes: `2GB`, `1.5GiB`. */
export function bytes(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/i.exec(text) ?? [];
  const size = Math.round(Number(number) * (BYTES[unit.toLowerCase()] ?? Number.NaN));
  if (!(size > 0))
    throw new InvalidArgumentError("expected a size above 0 with its unit, such as 500MB, 2GB or 1.5GiB.");
  return size;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("expected an integer of at least 1.");
  return value;
}

export function count(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError("expected an integer of at least 0.");
  return value;
}

/** How many seeds (`10`), or which: `5..9`, `0,3,5..7`. */
export function seeds(text: string): number | readonly number[] {
  if (/^\d+$/.test(text)) return positive(text);
  const list = text.split(",").flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === undefined || to < from || to - from > 10_000)
      throw new InvalidArgumentError("expected how many seeds, such as 10, or which ones, such as 5..9 or 0,3,5..7.");
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
  if (new Set(list).size < list.length) throw new InvalidArgumentError("a seed is listed twice.");
  return list;
}

/** An option that may be given several times. */
export const listed = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];
