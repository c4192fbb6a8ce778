import { tensor, type Tensor } from "@sluice/tensor";
import type { Dataset } from "../dataset.ts";

/** Examples of a text: windows in the order of the text. */
export type Characters = {
  /** The characters as numbers of the vocabulary, i32 `[examples, time]`. */
  readonly x: Tensor;
  /** The character after each, i32 `[examples, time]`. */
  readonly y: Tensor;
};

/** A text as a data set, with its vocabulary. */
export interface CharacterSet extends Dataset<Characters> {
  /** What number i stands for: a character, or a byte as two hexadecimal digits. The same as `classes`. */
  readonly vocabulary: readonly string[];
}

/** Windows of `time` numbers, one after the other. The last one is left out if it is too short. */
export function windows(numbers: Int32Array, time: number): Characters {
  const count = Math.max(0, Math.floor((numbers.length - 1) / time));
  return {
    x: tensor(numbers.slice(0, count * time), [count, time]),
    y: tensor(count === 0 ? new Int32Array() : numbers.slice(1, count * time + 1), [count, time]),
  };
}
