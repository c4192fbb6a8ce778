/** Damages texts and bytes as files are damaged, for tests of what reads them. */
import * as fc from "fast-check";

/** Words that a cell or a field of numbers may hold and that are no decimal numbers, and numbers that are extreme. */
const words = [
  ...["NaN", "nan", "inf", "-inf", "Infinity", "-Infinity", "NA", "null", "none", "true", "?", "", " ", "-", "+", "."],
  ...["1e999", "-1e999", "1e308", "1e-400", "1".repeat(400), "0x10", "0b1", "1_000", "1'000", "1,5", "1.2.3", "1e5.5"],
  ...[
    "--1",
    "1-",
    "５",
    "½",
    "−3",
    "1:30",
    "12mg",
    "=1+1",
    "#N/A",
    "1;2",
    "9007199254740993",
    "99999999999",
    "-1",
    "0",
  ],
];

/** A place in a text of any length, as a share of it. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

type Change = (text: string) => string;

const at = (share: number, length: number): number => Math.floor(share * length);
const linesOf = (text: string): string[] => text.split("\n");
const moved = (text: string, change: (lines: string[]) => string[]): string => change(linesOf(text)).join("\n");

/** Replaces the n-th match of a pattern. */
const replaced = (text: string, pattern: RegExp, share: number, by: (found: string) => string): string => {
  const found = [...text.matchAll(pattern)];
  const match = found[at(share, found.length)];
  if (match === undefined) return text;
  return text.slice(0, match.index) + by(match[0]) + text.slice(match.index + match[0].length);
};

const delimiters = /[,;:\t"()[\]{}\n]/g;
const numbers = /[+-]?\d+(\.\d+)?(e[+-]?\d+)?/gi;

const changes: fc.Arbitrary<Change> = fc.oneof(
  // Cut off, or without a part.
  fc.constant<Change>(() => ""),
  place.map(
    (x): Change =>
      (text) =>
        text.slice(0, at(x, text.length)),
  ),
  place.map(
    (x): Change =>
      (text) =>
        text.slice(at(x, text.length)),
  ),
  fc.tuple(place, fc.nat({ max: 30 })).map(
    ([x, length]): Change =>
      (text) =>
        text.slice(0, at(x, text.length)) + text.slice(at(x, text.length) + length),
  ),
  // Lines that are missing, repeated or in another order, the header among them.
  place.map(
    (x): Change =>
      (text) =>
        moved(text, (lines) => lines.toSpliced(at(x, lines.length), 1)),
  ),
  place.map(
    (x): Change =>
      (text) =>
        moved(text, (lines) => lines.toSpliced(at(x, lines.length), 0, lines[0] ?? "")),
  ),
  fc.tuple(place, place).map(
    ([x, y]): Change =>
      (text) =>
        moved(text, (lines) => {
          const [i, j] = [at(x, lines.length), at(y, lines.length)];
          return lines.with(i, lines[j] ?? "").with(j, lines[i] ?? "");
        }),
  ),
  // Delimiters that are missing, repeated or others.
  fc.tuple(place, fc.constantFrom("", ",", ";", ":", "\t", '"', "(", "]", "}", "\n", "\r", ",,", ",\n")).map(
    ([x, by]): Change =>
      (text) =>
        replaced(text, delimiters, x, () => by),
  ),
  place.map(
    (x): Change =>
      (text) =>
        replaced(text, delimiters, x, (found) => found + found),
  ),
  // Cells and fields that hold something else, another number among it: a wrong count, a wrong index.
  fc.tuple(place, fc.constantFrom(...words)).map(
    ([x, by]): Change =>
      (text) =>
        replaced(text, numbers, x, () => by),
  ),
  fc.tuple(place, fc.constantFrom(...words)).map(
    ([x, by]): Change =>
      (text) =>
        replaced(text, /[a-z]+/gi, x, () => by),
  ),
  place.map(
    (x): Change =>
      (text) =>
        replaced(text, numbers, x, (found) => `${found}${found}`),
  ),
  place.map(
    (x): Change =>
      (text) =>
        replaced(text, /\w+/g, x, (found) => `"${found}"`),
  ),
  // Single characters.
  fc.tuple(place, fc.constantFrom("\0", "\uFEFF", "\uFFFD", "é", "\u00a0", "𝄞", "#", "@", "-", "e", ".", "1")).map(
    ([x, by]): Change =>
      (text) =>
        text.slice(0, at(x, text.length)) + by + text.slice(at(x, text.length)),
  ),
  place.map((x): Change => (text) => {
    const i = at(x, text.length - 1);
    return text.slice(0, i) + (text[i + 1] ?? "") + (text[i] ?? "") + text.slice(i + 2);
  }),
  // Whole files: other ends of lines, marks of byte order, other encodings.
  fc.constantFrom<Change>(
    (text) => text.replaceAll("\n", "\r\n"),
    (text) => text.replaceAll("\n", "\r"),
    (text) => `\uFEFF${text}`,
    (text) => `\uFEFF\uFEFF${text}`,
    (text) => [...text].join("\0"),
    (text) => [...text].join("\0").concat("\0"),
    (text) => text + text,
    (text) => `${text}\0\0\0\0`,
    (text) => `<html>${text}</html>`,
  ),
);

/** A text with one to three damages. */
export const damagedText = (good: string): fc.Arbitrary<string> =>
  fc.array(changes, { minLength: 1, maxLength: 3 }).map((all) => all.reduce((text, change) => change(text), good));

type ByteChange = (bytes: Uint8Array) => Uint8Array;
const joined = (...parts: (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const byteChanges: fc.Arbitrary<ByteChange> = fc.oneof(
  fc.constant<ByteChange>(() => new Uint8Array()),
  place.map(
    (x): ByteChange =>
      (bytes) =>
        bytes.slice(0, at(x, bytes.length)),
  ),
  place.map(
    (x): ByteChange =>
      (bytes) =>
        bytes.slice(at(x, bytes.length)),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 9 })).map(
    ([x, length]): ByteChange =>
      (bytes) =>
        joined(bytes.slice(0, at(x, bytes.length)), bytes.slice(at(x, bytes.length) + length)),
  ),
  fc.tuple(place, fc.array(fc.constantFrom(0, 1, 10, 13, 127, 128, 255), { minLength: 1, maxLength: 8 })).map(
    ([x, other]): ByteChange =>
      (bytes) =>
        joined(bytes.slice(0, at(x, bytes.length)), other, bytes.slice(at(x, bytes.length))),
  ),
  // The header, where the counts stand, is hit as often as the rest.
  fc.tuple(fc.oneof(fc.nat({ max: 47 }), fc.nat({ max: 9999 })), fc.constantFrom(0, 1, 2, 7, 127, 128, 255)).map(
    ([i, value]): ByteChange =>
      (bytes) =>
        bytes.length === 0 ? bytes : bytes.with(i % bytes.length, value),
  ),
  fc.tuple(fc.nat({ max: 47 }), fc.nat({ max: 47 })).map(
    ([i, j]): ByteChange =>
      (bytes) =>
        Math.max(i, j) < bytes.length ? bytes.with(i, bytes[j] ?? 0).with(j, bytes[i] ?? 0) : bytes,
  ),
  fc.constantFrom<ByteChange>(
    (bytes) => joined([0xef, 0xbb, 0xbf], bytes),
    (bytes) => joined([0xff, 0xfe], bytes),
    (bytes) => joined(bytes, bytes),
    (bytes) => joined(bytes, [0]),
    // As a text would be "repaired" by a transfer in text mode.
    (bytes) => joined(...[...bytes].map((byte) => (byte === 10 ? [13, 10] : [byte]))),
    (bytes) => new TextEncoder().encode(new TextDecoder().decode(bytes)),
  ),
);

/** Bytes with one to three damages. */
export const damagedBytes = (good: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .array(byteChanges, { minLength: 1, maxLength: 3 })
    .map((all) => all.reduce((bytes, change) => change(bytes), good));
