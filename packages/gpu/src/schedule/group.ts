import { type Tensor } from "@sluice/tensor";
import { sizeOf, type SymbolTensor } from "@sluice/tensor/internal";
import { kernelBody, literal, thread, type KernelBody, type KernelSource } from "../kernels/body.ts";
import { fixed, plus, type Index } from "../kernels/position.ts";
import { readerOf, type Reader } from "../kernels/reader.ts";
import type { Scalar } from "../kernels/scalar.ts";
import type { BufferLocation, Sources } from "../kernels/source.ts";
import { decode } from "../kernels/view.ts";
import { written } from "../kernels/write.ts";

/** Values that one launch writes into one buffer, side by side. */
export interface Group {
  readonly kind: "group";
  readonly buffer: number;
  readonly elements: number;
  readonly parts: readonly Part[];
  readonly sources: Sources;
}

/** A value and where it is written. */
export interface Part {
  readonly tensor: Tensor;
  readonly place: BufferLocation;
  /** Whether the tensor is copied from its buffer instead of computed. */
  readonly copied: boolean;
}

/** A mode's limits for kernels. */
export interface KernelRules {
  /** How many buffers a kernel may read. */
  readonly reads: number;
  /** Whether a loop position is passed as a number, or as an array of one, read from a buffer. */
  readonly positions: "numbers" | "arrays";
  /** Whether a kernel may write several values. */
  readonly packs: boolean;
}

/** The source of the kernel that writes a group. */
export function groupSource({ parts, elements, sources }: Group, { positions }: KernelRules): KernelSource {
  const body = kernelBody(elements);
  const reader = readerOf(body, sources);
  const ranges = parts.flatMap((part) => rangesOf(part));
  // Gaps between parts are 0. They are never read.
  const filled = withGaps(
    ranges.toSorted((a, b) => a.start - b.start),
    elements,
  );
  const result = body.declare("0.0");
  const write = ([range, ...rest]: readonly Range[]): void => {
    if (range === undefined) return;
    const fill = (): void => {
      if (range.part !== undefined)
        body.line(`${result} = ${valueOf(reader, range.part, plus(thread, fixed(-range.start)), range.half)};`);
    };
    if (rest.length === 0) return fill();
    body.block(`if (i < ${literal(range.end)})`, fill);
    body.block("else", () => write(rest));
  };
  write(filled);
  body.line(`return ${result};`);
  return body.finish(positions);
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly part?: Part;
  readonly half: "whole" | "high" | "low";
}

function rangesOf(part: Part): Range[] {
  const { tensor, place } = part;
  const size = sizeOf(tensor.shape);
  const range = (start: number, half: Range["half"]): Range => ({ start, end: start + size, part, half });
  if (tensor.dtype !== "i32") return [range(place.offset, "whole")];
  return [range(place.offset, "high"), range(place.offset + place.low, "low")];
}

function withGaps(ranges: readonly Range[], elements: number): Range[] {
  let end = 0;
  const filled = ranges.flatMap((range): Range[] => {
    const gap: Range[] = range.start > end ? [{ start: end, end: range.start, half: "whole" }] : [];
    end = range.end;
    return [...gap, range];
  });
  return end < elements ? [...filled, { start: end, end: elements, half: "whole" }] : filled;
}

function valueOf(reader: Reader, part: Part, element: Index, half: Range["half"]): string {
  const value = elementOf(reader, part, element);
  if (value.dtype !== "i32") return value.code;
  return half === "high" ? value.high : value.low;
}

function elementOf(reader: Reader, { tensor, copied }: Part, element: Index): Scalar {
  const index = decode(reader.body, element, tensor.shape);
  return copied ? reader.value(tensor, index) : written(reader, tensor, index);
}

/** The kernel of a part alone, to measure how much of the limits it needs. */
export function trial(part: Part, sources: Sources): KernelSource {
  const body = kernelBody();
  body.line(`return ${valueOf(readerOf(body, sources), part, thread, "high")};`);
  return body.finish();
}

/** The buffers that a value is read or computed from. */
export function readsOf(x: SymbolTensor, sources: Sources): readonly number[] {
  const body: KernelBody = kernelBody();
  readerOf(body, sources).value(x, decode(body, thread, x.shape));
  return body.finish().arrays;
}
