import { type Tensor } from "@sluice/tensor";
import { apply, type Node } from "@sluice/tensor/internal";
import { factsOf } from "../facts/facts.ts";
import type { Lifted } from "../facts/lift.ts";

export type { Lifted };

/**
 * One node of a step for all steps at once, if it is {@link liftable}. Elementwise work gains an
 * axis. A product with a matrix that is the same in every step becomes one product over time x batch rows.
 */
export function lift(node: Node, inputs: readonly Lifted[], time: number): readonly Lifted[] {
  const { operation, rules } = node;
  const [first] = inputs;
  if (first === undefined || !inputs.some((x) => x.stacked)) {
    return apply(
      rules,
      operation,
      inputs.map((x) => x.tensor),
    ).map((tensor) => ({ tensor, stacked: false }));
  }
  const isLiftable = liftable(
    node,
    inputs.map((x) => x.stacked),
  );
  if (!isLiftable) throw new Error(`${operation.op} cannot be done for all steps at once`);
  const tensor: Tensor = factsOf(operation).lift.lift({ operation, rules, first, inputs, time });
  return [{ tensor, stacked: true }];
}

/** Whether {@link lift} supports a node, given which of its inputs differ from step to step. */
export function liftable({ operation }: Node, stacked: readonly boolean[]): boolean {
  return stacked.includes(true) ? factsOf(operation).lift.when(stacked) : operation.op !== "scan";
}

/** Work that is worth moving out of a loop: a product or a reduction over all steps is faster than one per step. */
export function isHeavy({ operation }: Node): boolean {
  return factsOf(operation).cost === "bulk";
}
