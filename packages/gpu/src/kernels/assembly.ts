import type { Tensor } from "@sluice/tensor";
import type { Node } from "@sluice/tensor/internal";
import { nth } from "@sluice/tensor/internal";
import { literal } from "./body.ts";
import { fixed, plus, type Index } from "./position.ts";
import type { Reader } from "./reader.ts";
import type { Scalar } from "./scalar.ts";
import { assign, zero } from "./variable.ts";

/* Concatenation and padding: the kernel decides which source an element comes from. */

export function concat(reader: Reader, { inputs }: Node, axis: number, index: readonly Index[]): Scalar {
  let start = 0;
  const parts = inputs.flatMap((tensor) => {
    const from = start;
    const length = nth(tensor.shape, axis);
    start += length;
    return length === 0 ? [] : [{ tensor, from, stop: start }];
  });
  const at = (from: number): Index[] => index.map((i, a) => (a === axis ? plus(i, fixed(-from)) : i));
  const along = nth(index, axis);
  if (along.terms.size === 0) {
    const before = parts.filter(({ stop }) => stop <= along.constant).length;
    const { tensor, from } = nth(parts, before);
    return reader.value(tensor, at(from));
  }
  const { body } = reader;
  const position = body.code(along);
  const result = zero(body, nth(inputs, 0).dtype);
  const choose = (rest: typeof parts): void => {
    const [part, ...others] = rest;
    if (part === undefined) return;
    const write = (): void => assign(body, result, reader.value(part.tensor, at(part.from)));
    if (others.length === 0) return write();
    body.block(`if (${position} < ${literal(part.stop)})`, write);
    body.block("else", () => choose(others));
  };
  choose(parts);
  return result;
}

export function pad(reader: Reader, source: Tensor, before: readonly number[], index: readonly Index[]): Scalar {
  const { body } = reader;
  const inner = index.map((i, axis) => plus(i, fixed(-nth(before, axis))));
  const result = zero(body, source.dtype);
  if (source.shape.includes(0)) return result;
  const inside = inner.flatMap((i, axis) => {
    const code = body.code(i);
    return [`${code} >= 0.0`, `${code} < ${literal(nth(source.shape, axis))}`];
  });
  const write = (): void => assign(body, result, reader.value(source, inner));
  if (inside.length === 0) write();
  else body.block(`if (${inside.join(" && ")})`, write);
  return result;
}
