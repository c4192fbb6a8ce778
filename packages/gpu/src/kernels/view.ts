import { keepsAxes } from "@sluice/compiler";
import { type Shape } from "@sluice/tensor";
import { sizeOf, stridesOf, type Operation, nth } from "@sluice/tensor/internal";
import type { KernelBody } from "./body.ts";
import { fixed, offsetOf, plus, type Index } from "./position.ts";

/** The indices of an element, from its row-major position. */
export function decode(body: KernelBody, flat: Index, shape: Shape): Index[] {
  let rest = flat;
  return shape.map((n, axis) => {
    if (n === 1) return fixed(0);
    const inner = sizeOf(shape.slice(axis + 1));
    const index = body.quotient(rest, inner, n);
    rest = body.remainder(rest, inner);
    return index;
  });
}

type View = Extract<Operation, { op: "broadcast" | "reshape" | "slice" | "transpose" }>;

/** The indices in a view's source of the element at `index` of the view. */
export function throughView(body: KernelBody, operation: View, from: Shape, index: readonly Index[]): readonly Index[] {
  switch (operation.op) {
    case "slice":
      return index.map((i, axis) => plus(i, fixed(nth(operation.starts, axis))));
    case "transpose":
      return from.map((_, axis) => nth(index, operation.axes.indexOf(axis)));
    case "broadcast": {
      const added = operation.shape.length - from.length;
      return from.map((n, axis) => (n === 1 ? fixed(0) : nth(index, axis + added)));
    }
    case "reshape": {
      if (!keepsAxes(from, operation.shape)) return decode(body, offsetOf(index, stridesOf(operation.shape), 0), from);
      const long = index.filter((_, axis) => operation.shape[axis] !== 1);
      let next = 0;
      return from.map((n) => (n === 1 ? fixed(0) : nth(long, next++)));
    }
  }
}
