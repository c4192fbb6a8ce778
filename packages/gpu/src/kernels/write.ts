import { type Shape, type Tensor } from "@sluice/tensor";
import { stridesOf, nth } from "@sluice/tensor/internal";
import { cumulativeSum } from "./cumulative-sum.ts";
import { fromIndex } from "./integers.ts";
import { product } from "./matmul.ts";
import { fixed, offsetOf, type Index } from "./position.ts";
import type { Reader } from "./reader.ts";
import { reduction } from "./reduce.ts";
import { halvesOf, type Scalar } from "./scalar.ts";
import { scatterAdd } from "./scatter-add.ts";
import { threefry } from "./threefry.ts";

/** The element that a thread writes, computed by the operation that makes the tensor. */
export function written(reader: Reader, x: Tensor, index: readonly Index[]): Scalar {
  if (x.kind === "array") return reader.value(x, index);
  const { operation, inputs } = x.node;
  const operand = (i: number): Tensor => nth(inputs, i);
  switch (operation.op) {
    case "matmul":
      return product(reader, operand(0), operand(1), index);
    case "reduceSum":
      return reduction(reader, "add", operand(0), operation.axis, index);
    case "reduceMax":
      return reduction(reader, "max", operand(0), operation.axis, index);
    case "cumulativeSum":
      return cumulativeSum(reader, operand(0), operation.axis, operation.reverse, index);
    case "scatterAdd":
      return scatterAdd(reader, operand(0), operand(1), operation.rows, index);
    case "randomBits":
      return randomBits(reader, operand(0), operand(1), operation.shape, index);
    case "input":
    case "scan":
      return reader.value(x, index);
    default:
      return reader.compute(x, index);
  }
}

/** Element i is word `i mod 2` of the block of counter `(i div 2, stream)`. */
function randomBits(
  { body, value }: Reader,
  key: Tensor,
  stream: Tensor,
  shape: Shape,
  index: readonly Index[],
): Scalar {
  const element = offsetOf(index, stridesOf(shape), 0);
  const block = body.quotient(element, 2);
  const word = body.code(body.remainder(element, 2));
  const keyWord = (i: number) => halvesOf(value(key, [fixed(i)]));
  return threefry(
    body,
    [keyWord(0), keyWord(1)],
    [fromIndex(body, body.code(block)), halvesOf(value(stream, []))],
    word,
  );
}
