import { nth } from "@sluice/tensor/internal";

/** Values that were read, in columns of one length: a large file has many values, so none of them is an object. */
export interface Readings {
  readonly length: number;
  /** The id, as an index into `ids`. */
  readonly id: ArrayLike<number>;
  /** The variable, as an index into `names`. */
  readonly name: ArrayLike<number>;
  readonly value: ArrayLike<number>;
  /** As it is written: see `WrittenTime`. */
  readonly time: ArrayLike<number>;
  /** The format of the time, as an index into `timeFormats`, or one of {@link noTime} and {@link needsNoTime}. */
  readonly format: ArrayLike<number>;
  /** The number of the record. */
  readonly record: ArrayLike<number>;
  /** The line, or 0 if there is none. */
  readonly line: ArrayLike<number>;
}

/** Where a reading stands. The line is left out where there is none. */
export function placeAt(
  { record, line }: Pick<Readings, "record" | "line">,
  at: number,
): { readonly record: number; readonly line?: number } {
  const place = { record: nth(record, at) };
  return nth(line, at) === 0 ? place : { ...place, line: nth(line, at) };
}

/** In place of a format: the time cannot be read. */
export const noTime = 254;
/** In place of a format: the value is static. */
export const needsNoTime = 255;

/** One value to add. The members are those of {@link Readings}. */
type OneReading = { readonly [Name in Exclude<keyof Readings, "length">]: number };

/** Columns to add to. */
export interface GrowingReadings {
  add(reading: OneReading): void;
  all(): Readings;
}

/** Makes columns without values. */
export function growingReadings(): GrowingReadings {
  const integers = (length: number): Int32Array => new Int32Array(length);
  const numbers = (length: number): Float64Array => new Float64Array(length);
  const [id, name, format] = [growing(integers), growing(integers), growing((length) => new Uint8Array(length))];
  const [value, time, record, line] = [growing(numbers), growing(numbers), growing(numbers), growing(numbers)];
  let length = 0;
  return {
    add(reading) {
      id.push(reading.id);
      name.push(reading.name);
      format.push(reading.format);
      value.push(reading.value);
      time.push(reading.time);
      record.push(reading.record);
      line.push(reading.line);
      length++;
    },
    all: () => ({
      length,
      id: id.all(),
      name: name.all(),
      format: format.all(),
      value: value.all(),
      time: time.all(),
      record: record.all(),
      line: line.all(),
    }),
  };
}

function growing(make: (length: number) => Float64Array | Int32Array | Uint8Array): {
  push(value: number): void;
  all(): ArrayLike<number>;
} {
  let data = make(1024);
  let length = 0;
  return {
    push(value) {
      if (length === data.length) {
        const longer = make(2 * length);
        longer.set(data);
        data = longer;
      }
      data[length++] = value;
    },
    all: () => data.subarray(0, length),
  };
}

/** Names, each with the index of its first occurrence among them. */
export interface Names {
  readonly list: readonly string[];
  /** Adds a name that is new. Returns its index. */
  add(name: string): number;
}

export function growingNames(): Names {
  const indices = new Map<string, number>();
  const list: string[] = [];
  return {
    list,
    add(name) {
      const found = indices.get(name);
      if (found !== undefined) return found;
      indices.set(name, list.length);
      return list.push(name) - 1;
    },
  };
}
