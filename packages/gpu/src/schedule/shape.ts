import { rewrite } from "@sluice/compiler";
import { concat, pad, reduceMax, reshape, sum, type Program, type Tensor } from "@sluice/tensor";
import { apply, sizeOf } from "@sluice/tensor/internal";

/*
 * Passes that give a program the shape that suits one output a thread.
 */

/** Parts that a concatenation may have: each may bring a buffer to read, of which a kernel has few. */
const PARTS = 4;
/** A reduction of more elements than this to fewer results than `THREADS` keeps few threads busy for long. */
const LONG = 256;
const THREADS = 1024;

/**
 * Concatenations of many parts become concatenations of concatenations, and long reductions to few results become two.
 */
export function shapeForThreads(program: Program): Program {
  return rewrite(program, (node, inputs) => {
    const { operation } = node;
    switch (operation.op) {
      case "concat":
        return inputs.length > PARTS ? [inStages(inputs, operation.axis)] : undefined;
      case "reduceSum":
      case "reduceMax": {
        const [x] = inputs;
        const length = x!.shape[operation.axis]!;
        if (length <= LONG || sizeOf(node.outputs[0]!.shape) >= THREADS) return undefined;
        const twice = reduceTwice(operation.op, x!, operation.axis, length);
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
    groups.map((group) => (group.length === 1 ? group[0]! : inStages(group, axis))),
    axis,
  );
}

/**
 * Over groups of about the square root of the length first. A largest value admits no filling up, so there the groups
 * have to divide the length.
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
