import { type Tensor } from "@sluice/tensor";
import { nodesOf, sizeOf, type Node } from "@sluice/tensor/internal";

/**
 * The nodes that compute lengths from a program's inputs. They run before all other work, and again if something else
 * reads their result, so they must be cheap: undefined if they include a loop, a product, or a value of more than
 * `most` elements.
 */
export function workBefore(lengths: Tensor, most: number): readonly Node[] | undefined {
  const nodes = nodesOf([lengths], new Set()).filter(({ operation }) => operation.op !== "input");
  const isLittle = ({ operation: { op }, outputs }: Node): boolean =>
    op !== "scan" && op !== "matmul" && outputs.every(({ shape }) => sizeOf(shape) <= most);
  return nodes.every(isLittle) ? nodes : undefined;
}
