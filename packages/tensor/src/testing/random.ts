/** For tests of backends: tensors of random values, and the same tensors seen through views. */
import type { DType } from "../dtype.ts";
import { nth, zip } from "../lists.ts";
import { broadcastTo } from "../primitives/broadcast.ts";
import { reshape, slice, transpose } from "../primitives/layout.ts";
import { sizeOf, type Shape } from "../shape.ts";
import { tensor, type ArrayTensor, type Tensor } from "../tensor.ts";

const special = [NaN, Infinity, -Infinity, -0, 0, 1e-40, -3e-39, 3e38, 1, -1, 0.5];

/** Mostly numbers of moderate size; with `specials`, also edge cases such as NaN and infinity. */
export function randomTensor(shape: Shape, dtype: DType, seed: number, specials = false): ArrayTensor {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const values = Array.from({ length: sizeOf(shape) }, () => {
    if (dtype === "bool") return next() < 0.5 ? 0 : 1;
    if (dtype === "i32") return Math.floor(next() * 4294967296) >> Math.floor(next() * 31);
    if (specials && next() < 0.1) return nth(special, Math.floor(next() * special.length));
    return (next() + next() - 1) * (next() < 0.1 ? 50 : 2);
  });
  return tensor(values, shape, { dtype });
}

/** Numbers from 0 to 1 and their sum in f64, to measure what long sums lose. */
export function positiveTerms(n: number): { readonly data: Float32Array; readonly exact: number } {
  const data = new Float32Array(n);
  let [state, exact] = [1, 0];
  for (let i = 0; i < n; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const term = (state >>> 8) / 16777216;
    data[i] = term;
    exact += term;
  }
  return { data, exact };
}

/** A view of a tensor: the memory behind it has another shape or order. */
export interface Look {
  readonly stored: Shape;
  readonly look: (x: Tensor) => Tensor;
}

/** Shows a tensor through a view that leaves its values unchanged. */
export function lookAt(shape: Shape, choice: number): Look {
  const reversed = shape.map((_, axis) => shape.length - 1 - axis);
  switch (choice % 6) {
    case 1:
      return { stored: shape.toReversed(), look: (x) => (shape.length < 2 ? x : transpose(x, reversed)) };
    case 2:
      return {
        stored: shape.map((n) => n + 3),
        look: (x) =>
          slice(
            x,
            shape.map((_, axis) => (axis + choice) % 3),
            shape.map((n, axis) => n + ((axis + choice) % 3)),
          ),
      };
    case 3:
      return {
        stored: shape.map((n, axis) => (axis === Math.floor(choice / 6) % Math.max(1, shape.length) ? 1 : n)),
        look: (x) => broadcastTo(x, shape),
      };
    case 4:
      return { stored: [sizeOf(shape)], look: (x) => reshape(x, shape) };
    case 5: {
      const order = shape.map((_, axis) => (axis + 1) % shape.length);
      const stored: number[] = [];
      for (const [axis, n] of zip(order, shape)) stored[axis] = n;
      return { stored, look: (x) => (shape.length < 2 ? x : transpose(x, order)) };
    }
    default:
      return { stored: shape, look: (x) => x };
  }
}
