import { broadcastTo, concat, gather, matmul, pad, reshape, slice, transpose, type Tensor } from "@sluice/tensor";
import { apply, applyOne, type Node } from "@sluice/tensor/internal";

/** A value of a loop's step for all steps at once: [time, ...] where it differs from step to step. */
export interface Lifted {
  readonly tensor: Tensor;
  readonly stacked: boolean;
}

/**
 * One node of a step, for all steps at once: undefined where its operation cannot be. Elementwise work gains an axis; a
 * product with a matrix that is the same in every step becomes one product over time x batch rows.
 */
export function lift(node: Node, inputs: readonly Lifted[], time: number): readonly Lifted[] | undefined {
  if (!inputs.some((x) => x.stacked)) {
    return apply(
      node.rules,
      node.operation,
      inputs.map((x) => x.tensor),
    ).map((tensor) => ({ tensor, stacked: false }));
  }
  const lifted = liftStacked(node, inputs, time);
  return lifted && [{ tensor: lifted, stacked: true }];
}

/** Whether {@link lift} knows what to do with a node, given which of its inputs differ from step to step. */
export function liftable(node: Node, stacked: readonly boolean[]): boolean {
  if (!stacked.includes(true)) return node.operation.op !== "scan";
  switch (node.operation.op) {
    case "checkpoint":
    case "input":
    case "iota":
    case "randomBits":
    case "scan":
    case "scatterAdd":
      return false;
    case "gather":
      return stacked[0] === false;
    default:
      return true;
  }
}

function liftStacked(node: Node, inputs: readonly Lifted[], time: number): Tensor | undefined {
  const { operation, rules } = node;
  const everyStep = (x: Lifted): Tensor => (x.stacked ? x.tensor : broadcastTo(x.tensor, [time, ...x.tensor.shape]));
  const [first, second] = inputs;
  if (
    first === undefined ||
    !liftable(
      node,
      inputs.map((x) => x.stacked),
    )
  )
    return undefined;
  switch (operation.op) {
    case "matmul": {
      const sharedMatrix = second!.stacked === false && second!.tensor.shape.length === 2;
      return matmul(everyStep(first), sharedMatrix ? second!.tensor : everyStep(second!));
    }
    case "transpose":
      return transpose(first.tensor, [0, ...operation.axes.map((axis) => axis + 1)]);
    case "reshape":
      return reshape(first.tensor, [time, ...operation.shape]);
    case "slice":
      return slice(first.tensor, [0, ...operation.starts], [time, ...operation.stops]);
    case "concat":
      return concat(inputs.map(everyStep), operation.axis + 1);
    case "pad":
      return pad(first.tensor, [0, ...operation.before], [0, ...operation.after]);
    case "broadcast": {
      const own = first.tensor.shape.slice(1);
      const ones = operation.shape.slice(own.length).map(() => 1);
      return broadcastTo(reshape(first.tensor, [time, ...ones, ...own]), [time, ...operation.shape]);
    }
    case "reduceSum":
    case "reduceMax":
    case "cumulativeSum":
      return applyOne(rules, { ...operation, axis: operation.axis + 1 }, [first.tensor]);
    case "gather":
      return gather(first.tensor, second!.tensor);
    case "checkpoint":
    case "input":
    case "iota":
    case "randomBits":
    case "scan":
    case "scatterAdd":
      return undefined;
    default:
      return applyOne(rules, operation, inputs.map(everyStep));
  }
}

/** Work that is worth taking out of a loop: a product or a reduction over all steps runs faster than one a step. */
export function isHeavy(node: Node): boolean {
  const { op } = node.operation;
  return op === "matmul" || op === "reduceSum" || op === "reduceMax" || op === "gather";
}
