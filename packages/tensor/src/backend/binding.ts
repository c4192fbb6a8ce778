/** What every backend has to work out of a program and its state, and to check of what it is given. */
import { TensorError } from "../errors.ts";
import type { Program } from "../program/program.ts";
import { sameShape, showShape } from "../shape.ts";
import { describe, isTensor, labelOf, type ArrayTensor, type SymbolTensor, type Type } from "../tensor.ts";
import type { StateBinding } from "./backend.ts";

/** What `run` takes and returns once some inputs are state. */
export interface StateLayout {
  /** Types of the inputs that `run` takes. */
  readonly inputs: readonly SymbolTensor[];
  /** Their positions among the program's inputs. */
  readonly positions: readonly number[];
  /** Positions of the outputs that `run` returns. */
  readonly outputs: readonly number[];
}

/** Which inputs and outputs of a program `run` still has, once `state` is bound; an error where a binding does not fit. */
export function bindState(program: Program, state: readonly StateBinding[]): StateLayout {
  for (const { input, output } of state) {
    const from = program.inputs[input];
    const to = output === undefined ? from : program.outputs[output];
    if (from === undefined || to === undefined) {
      const target = output === undefined ? "" : ` to output ${output}`;
      throw new TensorError(`compile: state binds input ${input}${target}; the program has ${program.inputs.length} inputs and ${program.outputs.length} outputs`);
    }
    if (from.dtype !== to.dtype || !sameShape(from.shape, to.shape)) {
      throw new TensorError(`compile: state ${from.dtype} ${describe(from)} would be replaced by ${to.dtype} ${describe(to)}; shape and dtype must stay`);
    }
  }
  const bound = new Set(state.map(({ input }) => input));
  if (bound.size !== state.length) throw new TensorError(`compile: state binds an input twice: ${state.map(({ input }) => input).join(", ")}`);
  const replaced = new Set(state.map(({ output }) => output));
  const positions = program.inputs.flatMap((_, i) => (bound.has(i) ? [] : [i]));
  return {
    inputs: positions.map((i) => program.inputs[i]!),
    positions,
    outputs: program.outputs.flatMap((_, i) => (replaced.has(i) ? [] : [i])),
  };
}

/** Rejects arrays that are not what a program was compiled for. */
export function checkInputs(operation: string, expected: readonly Type[], given: readonly ArrayTensor[]): void {
  if (given.length !== expected.length) throw new TensorError(`${operation}: expected ${expected.length} tensors, got ${given.length}`);
  expected.forEach((type, i) => {
    const array = given[i]!;
    if (array.dtype === type.dtype && sameShape(array.shape, type.shape)) return;
    const label = isTensor(type) ? labelOf(type) : "";
    const name = label === "" ? `tensor ${i}` : label;
    throw new TensorError(
      `${operation}: ${name} is ${array.dtype} ${showShape(array.shape)}, expected ${type.dtype} ${showShape(type.shape)}; compile again for other types`,
    );
  });
}
