import { type Tensor } from "@sluice/tensor";
import { nodesOf, sizeOf, type Node } from "@sluice/tensor/internal";

/**
 * What computes lengths from a program's inputs. It is done before all other work and again where something else reads
 * it, so it must be little: undefined where a loop or a product is in it, or a value of more than `most` elements.
 */
export function workBefore(lengths: Tensor, most: number): readonly Node[] | undefined {
  const nodes = nodesOf([lengths], new Set()).filter(({ operation }) => operation.op !== "input");
  const isLittle = ({ operation: { op }, outputs }: Node): boolean =>
    op !== "scan" && op !== "matmul" && outputs.every(({ shape }) => sizeOf(shape) <= most);
  return nodes.every(isLittle) ? nodes : undefined;
}
