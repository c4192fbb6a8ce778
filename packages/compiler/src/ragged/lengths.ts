import { nodesOf, sizeOf, type Node } from "@sluice/tensor/internal";
import type { Region } from "./layout.ts";

/**
 * The nodes that compute lengths from a program's inputs. They run before all other work, and again if something else
 * reads their result, so they must be cheap: undefined if they include a loop, a product, or a value with more elements
 * than the batch has pairs of step and row, or pairs of rows, which put the rows in order.
 */
export function workBefore({ lengths, time, batch }: Region): readonly Node[] | undefined {
  const most = batch * Math.max(time, batch);
  const nodes = nodesOf([lengths], new Set()).filter(({ operation }) => operation.op !== "input");
  const isLittle = ({ operation: { op }, outputs }: Node): boolean =>
    op !== "scan" && op !== "matmul" && outputs.every(({ shape }) => sizeOf(shape) <= most);
  return nodes.every(isLittle) ? nodes : undefined;
}
