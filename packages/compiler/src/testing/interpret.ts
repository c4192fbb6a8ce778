/**
 * Runs a plan element by element in plain JavaScript. It is slow, and independent of generated code. Tests use it to
 * compare plans with the programs that they came from.
 */
import { tensor, type ArrayTensor, type Tensor, type Values } from "@sluice/tensor";
import { apply, isArray, primitives, sizeOf, type Operation } from "@sluice/tensor/internal";
import type { ActiveRowsStep, ElementwiseStep, LoopStep, Plan, Step, View } from "../plan/plan.ts";
import { unpadded } from "../plan/padding.ts";

export function interpret(plan: Plan, args: readonly ArrayTensor[]): ArrayTensor[] {
  // One memory for all buffers, so that errors in sharing addresses show up as wrong values.
  const memory = new ArrayBuffer(plan.bytes);
  new Float32Array(memory).fill(NaN);
  const arrays = plan.buffers.map(({ elements, dtype, offset }): Values =>
    dtype === "f32" ? new Float32Array(memory, offset, elements) : new Int32Array(memory, offset, elements),
  );
  for (const { buffer, values } of plan.constants) arrays[buffer]!.set(values);
  plan.inputs.forEach((view, i) => {
    const [{ data }, padding] = [args[i]!, plan.padding[i]];
    const ranges =
      padding === undefined ? [0, data.length] : unpadded(view.shape, padding, args[padding.lengths]!.data);
    for (let at = 0; at < ranges.length; at += 2)
      arrays[view.buffer]!.set(data.subarray(ranges[at], ranges[at + 1]), ranges[at]);
  });
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
    if (i < 0 || i >= from.length)
      throw new Error(`element ${i} is outside of buffer ${view.buffer} of ${from.length}`);
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
    apply(
      primitives[operation.op],
      operation,
      inputs.map((view) => read(view, machine)),
    )[0]!;
  const taken = (view: View, axis: number, positions: View | undefined): Tensor =>
    positions ? take(read(view, machine), axis, positions, machine) : read(view, machine);
  switch (step.kind) {
    case "elementwise":
      return runPass(step, machine);
    case "matmul": {
      const [rank, { positions }] = [step.a.shape.length, step];
      return write(
        step.c,
        apply(primitives.matmul, { op: "matmul" }, [
          taken(step.a, rank - 1, positions),
          taken(step.b, rank - 2, positions),
        ])[0]!,
        machine,
      );
    }
    case "pack": {
      const b = read(step.b, machine);
      const [k, n] = b.shape;
      const packed = new Float32Array(sizeOf(step.packed.shape));
      for (let i = 0; i < k!; i++) {
        for (let j = 0; j < n!; j++)
          packed[(Math.floor(j / step.columns) * k! + i) * step.columns + (j % step.columns)] = b.data[i * n! + j]!;
      }
      return write(step.packed, tensor(packed, step.packed.shape), machine);
    }
    case "reduce": {
      const operation = { op: step.op === "sum" ? "reduceSum" : "reduceMax", axis: step.axis } as const;
      return write(
        step.y,
        apply(primitives[operation.op], operation, [taken(step.x, step.axis, step.positions)])[0]!,
        machine,
      );
    }
    case "cumulativeSum":
      return write(step.y, evaluate({ op: "cumulativeSum", axis: step.axis, reverse: step.reverse }, step.x), machine);
    case "gather":
      return write(step.y, evaluate({ op: "gather" }, step.x, step.indices), machine);
    case "scatterAdd":
      return write(step.y, evaluate({ op: "scatterAdd", rows: step.y.shape[0]! }, step.indices, step.updates), machine);
    case "randomBits": {
      const { whole = step.y } = step;
      const words = evaluate({ op: "randomBits", shape: whole.shape }, step.key, step.stream);
      const [first] = indices(whole, machine.loops);
      return write(
        step.y,
        isArray(words)
          ? tensor(
              Int32Array.from(indices(step.y, machine.loops), (at) => words.data[at - first!]!),
              step.y.shape,
            )
          : words,
        machine,
      );
    }
    case "activeRows":
      return findActiveRows(step, machine);
    case "loop":
      return runLoop(step, machine);
  }
}

function runLoop({ length, reverse, body, rows = 0, active }: LoopStep, machine: Machine): void {
  const counts = active && [...read(active.counts, machine).data];
  const steps = active?.part === "active" ? counts!.at(-1)! : length;
  for (let i = 0; i < steps; i++) {
    const position = reverse ? steps - 1 - i : i;
    const inside = { ...machine, loops: [...machine.loops, position] };
    const [first, end] = active?.part === "active" ? [0, counts![position]!] : [counts?.[position] ?? 0, rows];
    for (const inner of body) run(active ? ofRows(inner, first, end) : inner, inside);
  }
}

function findActiveRows(
  { lengths: from, counts, work, ends, rowsBefore, positions, byRow }: ActiveRowsStep,
  machine: Machine,
): void {
  const lengths = [...read(from, machine).data];
  const [time, batch] = [counts.shape[0]! - 1, lengths.length];
  const rows = Array.from({ length: time }, (_, t) => lengths.findLastIndex((length) => length > t) + 1);
  const pairs = rows.flatMap((count, t) => Array.from({ length: count }, (_, row) => t * batch + row));
  const before = Array.from({ length: batch + 1 }, (_, row) =>
    rows.reduce((sum, count) => sum + Math.min(count, row), 0),
  );
  const put = (view: View, values: number[]): void =>
    write({ ...view, shape: [values.length] }, tensor(Int32Array.from(values)), machine);
  put(counts, [...rows, rows.filter((count) => count > 0).length]);
  put(work, before);
  const steps = before.slice(1).map((all, row) => all - before[row]!);
  put(ends, [...steps, steps.filter((count) => count > 0).length]);
  put(
    rowsBefore,
    Array.from({ length: time + 1 }, (_, t) => rows.slice(0, t).reduce((sum, count) => sum + count, 0)),
  );
  put(positions, [pairs.length, ...pairs]);
  if (byRow !== undefined)
    put(byRow, [
      pairs.length,
      ...pairs.map((pair) => (pair % batch) * time + Math.floor(pair / batch)).sort((a, b) => a - b),
    ]);
}

/** A step on some of its rows. */
function ofRows(step: Step, first: number, end: number): Step {
  const part = (view: View): View => ({
    ...view,
    offset: view.offset + first * view.strides[0]!,
    shape: view.shape.with(0, end - first),
  });
  switch (step.kind) {
    case "elementwise":
      return {
        ...step,
        shape: step.shape.with(0, end - first),
        inputs: step.inputs.map(part),
        stores: step.stores.map((store) => ({ ...store, view: part(store.view) })),
      };
    case "matmul":
      return { ...step, a: part(step.a), c: part(step.c), b: step.b.shape.length > 2 ? part(step.b) : step.b };
    case "reduce":
    case "cumulativeSum":
      return { ...step, x: part(step.x), y: part(step.y) };
    case "gather":
      return { ...step, indices: part(step.indices), y: part(step.y) };
    case "randomBits":
      return step.whole === undefined ? step : { ...step, y: part(step.y) };
    default:
      throw new Error(`a step ${step.kind} does not work row by row`);
  }
}

/** Writes zeros at all positions that are not listed, so that the others stay in their blocks of the sum. */
function take(x: ArrayTensor, axis: number, positions: View, machine: Machine): Tensor {
  const [count = 0, ...places] = read(positions, machine).data;
  const listed = new Set(places.slice(0, count));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const values = [...x.data].map((value, i) => (listed.has(Math.floor(i / inner) % x.shape[axis]!) ? value : 0));
  return tensor(values, x.shape, { dtype: x.dtype });
}

function runPass({ shape, inputs, instructions, stores }: ElementwiseStep, machine: Machine): void {
  const values: Tensor[] = [];
  for (const instruction of instructions) {
    switch (instruction.op) {
      case "load":
        values.push(read(inputs[instruction.input]!, machine));
        break;
      case "constant":
        values.push(
          tensor(new Array<number>(sizeOf(shape)).fill(instruction.value), shape, { dtype: instruction.dtype }),
        );
        break;
      default: {
        const operation = (
          instruction.op === "convert" ? { op: "convert", dtype: instruction.dtype } : { op: instruction.op }
        ) as Operation;
        values.push(
          apply(
            primitives[operation.op],
            operation,
            instruction.args.map((i) => values[i]!),
          )[0]!,
        );
      }
    }
  }
  for (const { value, view } of stores) write(view, values[value]!, machine);
}
