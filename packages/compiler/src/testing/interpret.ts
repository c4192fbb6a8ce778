/**
 * Does what a plan says, element by element, in plain JavaScript: slow, and independent of any generated code. Tests hold plans to the programs that they
 * came from with it.
 */
import { apply, isArray, primitives, sizeOf, tensor, type ArrayTensor, type Operation, type Tensor, type Values } from "@sluice/tensor";
import type { ElementwiseStep, Plan, Step, View } from "../plan/plan.ts";

export function interpret(plan: Plan, args: readonly ArrayTensor[]): ArrayTensor[] {
  // One memory for all buffers, so that buffers which share addresses can spoil each other's values.
  const memory = new ArrayBuffer(plan.bytes);
  new Float32Array(memory).fill(NaN);
  const arrays = plan.buffers.map(({ elements, dtype, offset }): Values =>
    dtype === "f32" ? new Float32Array(memory, offset, elements) : new Int32Array(memory, offset, elements),
  );
  for (const { buffer, values } of plan.constants) arrays[buffer]!.set(values);
  plan.inputs.forEach((view, i) => arrays[view.buffer]!.set(args[i]!.data));
  for (const step of plan.steps) run(step, { plan, arrays, loops: [] });
  return plan.outputs.map((view) => read(view, { plan, arrays, loops: [] }));
}

interface Machine {
  readonly plan: Plan;
  readonly arrays: readonly Values[];
  readonly loops: readonly number[];
}

function indices({ shape, strides, offset, loops }: View, positions: readonly number[]): number[] {
  const base = offset + loops.reduce((sum, stride, i) => sum + (stride === 0 ? 0 : stride * positions[i]!), 0);
  let found = [base];
  shape.forEach((n, axis) => {
    found = found.flatMap((at) => Array.from({ length: n }, (_, i) => at + i * strides[axis]!));
  });
  return found;
}

function read(view: View, { plan, arrays, loops }: Machine): ArrayTensor {
  const from = arrays[view.buffer]!;
  const values = indices(view, loops).map((i) => {
    if (i < 0 || i >= from.length) throw new Error(`element ${i} is outside of buffer ${view.buffer} of ${from.length}`);
    return from[i]!;
  });
  return tensor(values, view.shape, { dtype: plan.buffers[view.buffer]!.dtype });
}

function write(view: View, value: Tensor, { arrays, loops }: Machine): void {
  if (!isArray(value)) throw new Error("a value was expected");
  const to = arrays[view.buffer]!;
  indices(view, loops).forEach((at, i) => (to[at] = value.data[i]!));
}

function run(step: Step, machine: Machine): void {
  const evaluate = (operation: Operation, ...inputs: View[]): Tensor =>
    apply(primitives[operation.op], operation, inputs.map((view) => read(view, machine)))[0]!;
  switch (step.kind) {
    case "elementwise":
      return runPass(step, machine);
    case "matmul":
      return write(step.c, evaluate({ op: "matmul" }, step.a, step.b), machine);
    case "pack": {
      const b = read(step.b, machine);
      const [k, n] = b.shape;
      const packed = new Float32Array(sizeOf(step.packed.shape));
      for (let i = 0; i < k!; i++) {
        for (let j = 0; j < n!; j++) packed[(Math.floor(j / step.columns) * k! + i) * step.columns + (j % step.columns)] = b.data[i * n! + j]!;
      }
      return write(step.packed, tensor(packed, step.packed.shape), machine);
    }
    case "reduce":
      return write(step.y, evaluate({ op: step.op === "sum" ? "reduceSum" : "reduceMax", axis: step.axis }, step.x), machine);
    case "cumulativeSum":
      return write(step.y, evaluate({ op: "cumulativeSum", axis: step.axis, reverse: step.reverse }, step.x), machine);
    case "gather":
      return write(step.y, evaluate({ op: "gather" }, step.x, step.indices), machine);
    case "scatterAdd":
      return write(step.y, evaluate({ op: "scatterAdd", rows: step.y.shape[0]! }, step.indices, step.updates), machine);
    case "randomBits":
      return write(step.y, evaluate({ op: "randomBits", shape: step.y.shape }, step.key, step.stream), machine);
    case "loop":
      for (let i = 0; i < step.length; i++) {
        const position = step.reverse ? step.length - 1 - i : i;
        for (const inner of step.body) run(inner, { ...machine, loops: [...machine.loops, position] });
      }
  }
}

function runPass({ shape, inputs, instructions, stores }: ElementwiseStep, machine: Machine): void {
  const values: Tensor[] = [];
  for (const instruction of instructions) {
    switch (instruction.op) {
      case "load":
        values.push(read(inputs[instruction.input]!, machine));
        break;
      case "constant":
        values.push(tensor(new Array<number>(sizeOf(shape)).fill(instruction.value), shape, { dtype: instruction.dtype }));
        break;
      default: {
        const operation = (instruction.op === "convert" ? { op: "convert", dtype: instruction.dtype } : { op: instruction.op }) as Operation;
        values.push(apply(primitives[operation.op], operation, instruction.args.map((i) => values[i]!))[0]!);
      }
    }
  }
  for (const { value, view } of stores) write(view, values[value]!, machine);
}
