import type { Tensor } from "@sluice/tensor";
import type { Node, SymbolTensor } from "@sluice/tensor/internal";

/**
 * What a loop's step adds to `state`, if the step does nothing else with this state. Weight gradients are summed in
 * this way. `uses` are the uses of the step.
 */
export function addendOf(state: SymbolTensor, next: Tensor, uses: ReadonlyMap<Node, number>): Tensor | undefined {
  if (
    next.kind === "array" ||
    next.node.operation.op !== "add" ||
    uses.get(next.node) !== 1 ||
    uses.get(state.node) !== 1
  )
    return undefined;
  const [a, b] = next.node.inputs;
  const isState = (x: Tensor | undefined): boolean => x?.kind === "symbol" && x.node === state.node;
  return isState(a) ? b : isState(b) ? a : undefined;
}
