import { TensorError } from "../errors.ts";
import { nth } from "../lists.ts";
import { randomBits } from "../primitives/random-bits.ts";
import { threefry2x32 } from "../scalar/index.ts";
import { sameShape } from "../shape.ts";
import { describe, isTensor, tensor, type ArrayTensor, type Tensor } from "../tensor.ts";
import { shown } from "../shown.ts";

/** A key, i32 [2], from a seed: an integer of at most 53 bits. */
export function key(seed: number): ArrayTensor {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new TensorError(`key: expected a seed that is an integer >= 0, got ${shown(seed)}`);
  return tensor(Int32Array.of(seed | 0, Math.floor(seed / 4294967296) | 0));
}

/**
 * A key for one purpose: `keyFor(key, "dropout")`. Different names give independent keys, and adding a name does not
 * change the others.
 */
export function keyFor(parent: ArrayTensor, name: string): ArrayTensor;
export function keyFor(parent: Tensor, name: string): Tensor;
export function keyFor(parent: Tensor, name: string): Tensor {
  checkKey("keyFor", parent);
  const stream = hashName(name);
  if (parent.kind === "symbol") return randomBits(parent, [2], stream);
  const [a, b] = threefry2x32(nth(parent.data, 0) >>> 0, nth(parent.data, 1) >>> 0, 0, stream >>> 0);
  return tensor(Int32Array.of(a, b));
}

/** A key for a number that is known only at run time, such as the training step (i32 []). */
export function keyAt(parent: Tensor, index: Tensor | number): Tensor {
  checkKey("keyAt", parent);
  return randomBits(parent, [2], index);
}

/** Throws an error that begins with `operation` if a value is not a key. */
export function checkKey(operation: string, x: unknown): asserts x is Tensor {
  if (isTensor(x) && x.dtype === "i32" && sameShape(x.shape, [2])) return;
  const given = isTensor(x) ? `${x.dtype} ${describe(x)}` : shown(x);
  const seed = typeof x === "number" && Number.isSafeInteger(x) && x >= 0 ? String(x) : "seed";
  throw new TensorError(`${operation}: the key is ${given}, expected a key, i32 [2]; make one: key(${seed})`);
}

/** FNV-1a over UTF-16 units, with the top bit set so that names and small indices do not share streams. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 255), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash | 0x80000000;
}
