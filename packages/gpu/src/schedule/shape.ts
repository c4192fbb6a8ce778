import { rewrite } from "@sluice/compiler";
import { concat, pad, reduceMax, reshape, sum, type Program, type Tensor } from "@sluice/tensor";
import { apply, sizeOf, nth } from "@sluice/tensor/internal";

/* Rewrites a program for kernels with one output element per thread. */

/** The most parts of a concatenation: each may need a buffer, and a kernel can read only a few. */
const PARTS = 4;
/** A reduction of more than `LONG` elements to fewer than `THREADS` results would keep few threads busy for long. */
const LONG = 256;
const THREADS = 1024;

/** Turns concatenations of many parts into nested ones, and long reductions to few results into two reductions each. */
export function shapeForThreads(program: Program): Program {
  return rewrite(program, (node, inputs) => {
    const { operation } = node;
    switch (operation.op) {
      case "concat":
        return inputs.length > PARTS ? [inStages(inputs, operation.axis)] : undefined;
      case "reduceSum":
      case "reduceMax": {
        const x = nth(inputs, 0);
        const length = nth(x.shape, operation.axis);
        if (length <= LONG || sizeOf(nth(node.outputs, 0).shape) >= THREADS) return undefined;
        const twice = reduceTwice(operation.op, x, operation.axis, length);
        return twice && [twice];
      }
      case "scan":
        return apply(node.rules, { ...operation, body: shapeForThreads(operation.body) }, inputs);
      default:
        return undefined;
    }
  });
}

function inStages(parts: readonly Tensor[], axis: number): Tensor {
  if (parts.length <= PARTS) return concat(parts, axis);
  const each = Math.ceil(parts.length / PARTS);
  const groups = Array.from({ length: Math.ceil(parts.length / each) }, (_, i) =>
    parts.slice(i * each, (i + 1) * each),
  );
  return concat(
    groups.map((group) => (group.length === 1 ? nth(group, 0) : inStages(group, axis))),
    axis,
  );
}

/**
 * Reduces groups of about the square root of the length first. A sum can be padded with zeros; for a maximum the group
 * size must divide the length.
 */
function reduceTwice(op: "reduceSum" | "reduceMax", x: Tensor, axis: number, length: number): Tensor | undefined {
  const root = Math.ceil(Math.sqrt(length));
  const group = op === "reduceSum" ? root : divisorNear(length, root);
  if (group === undefined) return undefined;
  const groups = Math.ceil(length / group);
  const filled =
    groups * group === length
      ? x
      : pad(
          x,
          x.shape.map(() => 0),
          x.shape.map((_, a) => (a === axis ? groups * group - length : 0)),
        );
  const split = reshape(filled, [...x.shape.slice(0, axis), groups, group, ...x.shape.slice(axis + 1)]);
  const reduce = op === "reduceSum" ? sum : reduceMax;
  return reduce(reduce(split, axis + 1), axis);
}

function divisorNear(length: number, root: number): number | undefined {
  for (let d = root; d < length; d++) if (length % d === 0) return d;
  return undefined;
}
