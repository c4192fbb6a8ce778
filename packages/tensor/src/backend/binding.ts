/** What every backend derives from a program and its state, and the checks of its arguments. */
import { TensorError } from "../errors.ts";
import { nth, picked, zip } from "../lists.ts";
import { isNodeOf } from "../node.ts";
import type { Program } from "../program/program.ts";
import { sameShape, showShape, sizeOf } from "../shape.ts";
import { describe, isTensor, labelOf, type ArrayTensor, type SymbolTensor, type Tensor, type Type } from "../tensor.ts";
import type { StateBinding } from "./backend.ts";

/** The inputs and outputs of `run` when some inputs are state. */
export interface StateLayout {
  /** Types of the inputs that `run` takes. */
  readonly inputs: readonly SymbolTensor[];
  /** Their positions among the program's inputs. */
  readonly positions: readonly number[];
  /** Positions of the outputs that `run` returns. */
  readonly outputs: readonly number[];
  /** The arguments of `run` that are lengths of sequences, with the number of steps of the loops over them. */
  readonly lengths: readonly Lengths[];
}

interface Lengths {
  readonly position: number;
  readonly steps: number;
}

/** Finds the inputs and outputs of `run` for a given `state`; throws an error if a binding does not fit the program. */
export function bindState(program: Program, state: readonly StateBinding[]): StateLayout {
  for (const { input, output } of state) {
    const from = program.inputs[input];
    const to = output === undefined ? from : program.outputs[output];
    if (from === undefined || to === undefined) {
      const target = output === undefined ? "" : ` to output ${output}`;
      throw new TensorError(
        `compile: state binds input ${input}${target}; the program has ${program.inputs.length} inputs and ${program.outputs.length} outputs`,
      );
    }
    if (from.dtype !== to.dtype || !sameShape(from.shape, to.shape)) {
      throw new TensorError(
        `compile: state ${from.dtype} ${describe(from)} would be replaced by ${to.dtype} ${describe(to)}; shape and dtype must stay`,
      );
    }
  }
  const bound = new Set(state.map(({ input }) => input));
  if (bound.size !== state.length)
    throw new TensorError(`compile: state binds an input twice: ${state.map(({ input }) => input).join(", ")}`);
  const replaced = new Set(state.map(({ output }) => output));
  const positions = program.inputs.flatMap((_, i) => (bound.has(i) ? [] : [i]));
  return {
    inputs: picked(program.inputs, positions),
    positions,
    outputs: program.outputs.flatMap((_, i) => (replaced.has(i) ? [] : [i])),
    lengths: lengthsOf(program, positions),
  };
}

/** Lengths that the program computes itself are not checked. */
function lengthsOf({ inputs, nodes }: Program, positions: readonly number[]): Lengths[] {
  const fewest = new Map<number, number>();
  for (const { operation, inputs: given } of nodes) {
    if (operation.op !== "scan" || operation.lengths === undefined) continue;
    const lengths = behindViews(nth(given, operation.lengths));
    const position = positions.findIndex((i) => lengths.kind === "symbol" && inputs[i]?.node === lengths.node);
    if (position >= 0) fewest.set(position, Math.min(operation.length, fewest.get(position) ?? Infinity));
  }
  return Array.from(fewest, ([position, steps]) => ({ position, steps }));
}

function behindViews(x: Tensor): Tensor {
  let seen = x;
  while (
    seen.kind === "symbol" &&
    (isNodeOf(seen.node, "name") || isNodeOf(seen.node, "reshape") || isNodeOf(seen.node, "stopGradient"))
  )
    seen = seen.node.inputs[0];
  return seen;
}

/**
 * Throws an error if arrays have other types than the program's inputs, or if lengths exceed the steps of its loops.
 */
export function checkRun({ inputs, lengths }: StateLayout, given: readonly ArrayTensor[]): void {
  checkInputs("run", inputs, given);
  for (const { position, steps } of lengths) {
    const { data } = nth(given, position);
    const row = data.findIndex((length) => length < 0 || length > steps);
    if (row >= 0)
      throw new TensorError(
        `run: ${nameOf(nth(inputs, position), position)} must be from 0 to ${steps}, the number of steps, but row ${row} has ${data[row]}; cut the sequences, or compile for more steps`,
      );
  }
}

/** Throws an error if arrays do not have the types that a program was compiled for. */
export function checkInputs(operation: string, expected: readonly Type[], given: readonly ArrayTensor[]): void {
  if (given.length !== expected.length)
    throw new TensorError(`${operation}: expected ${expected.length} tensors, got ${given.length}`);
  zip(expected, given).forEach(([type, array], i) => {
    const name = nameOf(type, i);
    if (array.dtype !== type.dtype || !sameShape(array.shape, type.shape)) {
      throw new TensorError(
        `${operation}: ${name} is ${array.dtype} ${showShape(array.shape)}, expected ${type.dtype} ${showShape(type.shape)}; compile again for other types`,
      );
    }
    // Arrays made from pieces always fill their shape. A tensor made by hand, or one whose buffer was transferred, may
    // not.
    if (array.pieces === undefined && array.data.length !== sizeOf(type.shape)) {
      throw new TensorError(
        `${operation}: ${name} ${showShape(type.shape)} has ${array.data.length} values, expected ${sizeOf(type.shape)}; make it with tensor(values, shape), and keep its buffer`,
      );
    }
  });
}

function nameOf(type: Type, position: number): string {
  const label = isTensor(type) ? labelOf(type) : "";
  return label === "" ? `tensor ${position}` : label;
}
