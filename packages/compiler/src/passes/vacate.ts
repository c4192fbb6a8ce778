import { type ArrayTensor, type Program, type Tensor, type Type } from "@sluice/tensor";
import { apply, sizeOf, splitScan, zerosArray, type ScanOperation } from "@sluice/tensor/internal";
import { rewrite } from "./rewrite.ts";

/**
 * Vacate: removes work on tensors without elements. A value without elements, as in a batch without rows, becomes a
 * constant, and a loop without steps returns its initial states. Planners and kernels therefore see empty values only
 * as inputs, constants and parts of an assembly.
 */
export function vacate(program: Program): Program {
  return rewrite(program, ({ operation, rules, outputs }, inputs) => {
    if (outputs.every(isEmpty)) return outputs.map(nothing);
    if (operation.op !== "scan") return undefined;
    return operation.length === 0
      ? withoutSteps(operation, inputs, outputs)
      : apply(rules, { ...operation, body: vacate(operation.body) }, inputs);
  });
}

function withoutSteps(
  operation: ScanOperation,
  inputs: readonly Tensor[],
  outputs: readonly Type[],
): readonly Tensor[] {
  return [...splitScan(operation, inputs).states, ...outputs.slice(operation.states).map(nothing)];
}

function isEmpty({ shape }: Type): boolean {
  return sizeOf(shape) === 0;
}

function nothing({ shape, dtype }: Type): ArrayTensor {
  return zerosArray(shape, dtype);
}
