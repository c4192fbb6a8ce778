import { type Program, type Shape, type Values } from "@sluice/tensor";
import { nth, sizeOf } from "@sluice/tensor/internal";
import type { Padding, Plan } from "./plan.ts";
import { sameTensor } from "../program/tensor-map.ts";
import type { Ragged } from "../ragged/ragged.ts";

/** For each input of a program, the part that is never read. */
export function paddingOf({ inputs }: Program, ragged: Ragged): Plan["padding"] {
  return inputs.map((x): Padding | undefined => {
    const { region, layout } = ragged.unread(x) ?? {};
    if (region === undefined || layout === undefined || "merged" in layout || layout.time + layout.batch !== 1)
      return undefined;
    const lengths = inputs.findIndex((other) => sameTensor(other, region.lengths));
    return lengths < 0 ? undefined : { lengths, ...layout };
  });
}

/** The elements of a row-major tensor that are not padding, as ranges [start, end, start, end, ...]. */
export function unpadded(shape: Shape, { time, batch }: Padding, lengths: Values): number[] {
  const [steps, rows] = [nth(shape, time), nth(shape, batch)];
  const until = new Int32Array(rows);
  for (let row = rows - 1; row >= 0; row--)
    until[row] = Math.max(until[row + 1] ?? 0, Math.min(nth(lengths, row), steps));
  const active = (step: number): number => until.findLastIndex((end) => end > step) + 1;
  const counts = batch === 0 ? until : Int32Array.from({ length: steps }, (_, step) => active(step));
  const [row, element] = [sizeOf(shape.slice(1)), sizeOf(shape.slice(2))];
  const ranges: number[] = [];
  counts.forEach((count, i) => {
    const start = i * row;
    const end = start + count * element;
    if (count === 0) return;
    if (ranges.at(-1) === start) ranges[ranges.length - 1] = end;
    else ranges.push(start, end);
  });
  return ranges;
}
