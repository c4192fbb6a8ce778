/**
 * Runs a plan element by element in plain JavaScript. It is slow, and independent of generated code. Tests use it to
 * compare plans with the programs that they came from.
 */
import { tensor, valuesOf, type ArrayTensor, type Tensor, type Values } from "@sluice/tensor";
import { applyOne, isArray, nth, picked, primitives, sizeOf, zip, type Operation } from "@sluice/tensor/internal";
import type {
  ActiveRowsStep,
  ElementwiseStep,
  LoopStep,
  MatmulStep,
  PackStep,
  Plan,
  RandomBitsStep,
  ReduceStep,
  AxisReduction,
  Step,
  View,
} from "../plan/plan.ts";
import { unpadded } from "../plan/padding.ts";

export function interpret(plan: Plan, args: readonly ArrayTensor[]): ArrayTensor[] {
  // One memory for all buffers, so that errors in sharing addresses show up as wrong values.
  const memory = new ArrayBuffer(plan.bytes);
  new Float32Array(memory).fill(NaN);
  const arrays = plan.buffers.map(({ elements, dtype, offset }): Values =>
    dtype === "f32" ? new Float32Array(memory, offset, elements) : new Int32Array(memory, offset, elements),
  );
  for (const { buffer, values } of plan.constants) nth(arrays, buffer).set(values);
  zip(plan.inputs, args).forEach(([view, { data }], i) => {
    const padding = plan.padding[i];
    const ranges =
      padding === undefined ? [0, data.length] : unpadded(view.shape, padding, nth(args, padding.lengths).data);
    for (let at = 0; at < ranges.length; at += 2)
      nth(arrays, view.buffer).set(data.subarray(ranges[at], ranges[at + 1]), ranges[at]);
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
  const base = offset + loops.reduce((sum, stride, i) => sum + (stride === 0 ? 0 : stride * nth(positions, i)), 0);
  let found = [base];
  for (const [n, stride] of zip(shape, strides))
    found = found.flatMap((at) => Array.from({ length: n }, (_, i) => at + i * stride));
  return found;
}

function read(view: View, { plan, arrays, loops }: Machine): ArrayTensor {
  const from = nth(arrays, view.buffer);
  const values = indices(view, loops).map((i) => {
    const value = from[i];
    if (value === undefined) throw new Error(`element ${i} is outside of buffer ${view.buffer} of ${from.length}`);
    return value;
  });
  return tensor(values, view.shape, { dtype: nth(plan.buffers, view.buffer).dtype });
}

function write(view: View, value: Tensor, { arrays, loops }: Machine): void {
  if (!isArray(value)) throw new Error("a value was expected");
  const to = nth(arrays, view.buffer);
  for (const [i, at] of indices(view, loops).entries()) to[at] = nth(value.data, i);
}

function run(step: Step, machine: Machine): void {
  const compute = (result: View, operation: Operation, ...inputs: View[]): void =>
    write(
      result,
      applyOne(
        primitives[operation.op],
        operation,
        inputs.map((view) => read(view, machine)),
      ),
      machine,
    );
  switch (step.kind) {
    case "elementwise":
      return runPass(step, machine);
    case "matmul":
      return runProduct(step, machine);
    case "pack":
      return runPack(step, machine);
    case "reduce":
      return runReduction(step, machine);
    case "cumulativeSum":
      return compute(step.y, { op: "cumulativeSum", axis: step.axis, reverse: step.reverse }, step.x);
    case "gather":
      return compute(step.y, { op: "gather" }, step.x, step.indices);
    case "scatterAdd":
      return compute(step.y, { op: "scatterAdd", rows: nth(step.y.shape, 0) }, step.indices, step.updates);
    case "randomBits":
      return runRandomBits(step, machine);
    case "activeRows":
      return findActiveRows(step, machine);
    case "loop":
      return runLoop(step, machine);
  }
}

function runProduct({ a, b, c, positions }: MatmulStep, machine: Machine): void {
  const rank = a.shape.length;
  const factors = [take(a, rank - 1, positions, machine), take(b, rank - 2, positions, machine)];
  write(c, applyOne<Operation>(primitives.matmul, { op: "matmul" }, factors), machine);
}

function runReduction({ x, y, positions, ...reduction }: ReduceStep, machine: Machine): void {
  write(y, reduced(reduction, take(x, reduction.axis, positions, machine)), machine);
}

function reduced({ op, axis }: AxisReduction, x: Tensor): Tensor {
  const operation: Operation = { op: op === "sum" ? "reduceSum" : "reduceMax", axis };
  return applyOne(primitives[operation.op], operation, [x]);
}

/** Columns side by side in panels of `columns` columns, with zeros after the last one. */
function runPack({ b: from, packed, columns }: PackStep, machine: Machine): void {
  const b = read(from, machine);
  const [k, n] = [nth(b.shape, 0), nth(b.shape, 1)];
  const panels = new Float32Array(sizeOf(packed.shape));
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < n; j++)
      panels[(Math.floor(j / columns) * k + i) * columns + (j % columns)] = nth(b.data, i * n + j);
  }
  write(packed, tensor(panels, packed.shape), machine);
}

/** Words of a part of a value have the positions that they have in the whole. */
function runRandomBits({ key, stream, y, whole = y }: RandomBitsStep, machine: Machine): void {
  const operation: Operation = { op: "randomBits", shape: whole.shape };
  const words = applyOne(primitives.randomBits, operation, [read(key, machine), read(stream, machine)]);
  const [first = 0] = indices(whole, machine.loops);
  const places = indices(y, machine.loops).map((at) => at - first);
  write(y, tensor(Int32Array.from(picked(valuesOf(words), places)), y.shape), machine);
}

function runLoop({ length, reverse, body, rows = 0, active }: LoopStep, machine: Machine): void {
  const counts = active && [...read(active.counts, machine).data];
  // The number of steps that have active rows comes after the counts.
  const steps = counts && active?.part === "active" ? nth(counts, counts.length - 1) : length;
  for (let i = 0; i < steps; i++) {
    const position = reverse ? steps - 1 - i : i;
    const inside = { ...machine, loops: [...machine.loops, position] };
    const count = counts?.[position] ?? 0;
    const [first, end] = active?.part === "active" ? [0, count] : [count, rows];
    for (const inner of body) run(active ? ofRows(inner, first, end) : inner, inside);
  }
}

function findActiveRows(
  { lengths: from, counts, work, ends, rowsBefore, positions, byRow }: ActiveRowsStep,
  machine: Machine,
): void {
  const lengths = [...read(from, machine).data];
  const [time, batch] = [nth(counts.shape, 0) - 1, lengths.length];
  const rows = Array.from({ length: time }, (_, t) => lengths.findLastIndex((length) => length > t) + 1);
  const pairs = rows.flatMap((count, t) => Array.from({ length: count }, (_, row) => t * batch + row));
  const before = Array.from({ length: batch + 1 }, (_, row) =>
    rows.reduce((sum, count) => sum + Math.min(count, row), 0),
  );
  const put = (view: View, values: number[]): void =>
    write({ ...view, shape: [values.length] }, tensor(Int32Array.from(values)), machine);
  put(counts, [...rows, rows.filter((count) => count > 0).length]);
  put(work, before);
  const steps = before.slice(1).map((all, row) => all - nth(before, row));
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
    offset: view.offset + first * nth(view.strides, 0),
    shape: view.shape.with(0, end - first),
  });
  switch (step.kind) {
    case "elementwise":
      return {
        ...step,
        shape: step.shape.with(0, end - first),
        inputs: step.inputs.map(part),
        stores: step.stores.map((store) => ({ ...store, view: part(store.view) })),
        ...(step.reductions && {
          reductions: {
            ...step.reductions,
            results: step.reductions.results.map((result) => ({ ...result, view: part(result.view) })),
          },
        }),
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

/** A value with zeros at the positions that are not listed, so that the others stay in their blocks of the sum. */
function take(view: View, axis: number, positions: View | undefined, machine: Machine): ArrayTensor {
  const x = read(view, machine);
  if (positions === undefined) return x;
  const [count = 0, ...places] = read(positions, machine).data;
  const listed = new Set(places.slice(0, count));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const length = nth(x.shape, axis);
  const values = [...x.data].map((value, i) => (listed.has(Math.floor(i / inner) % length) ? value : 0));
  return tensor(values, x.shape, { dtype: x.dtype });
}

function runPass({ shape, inputs, instructions, stores, reductions }: ElementwiseStep, machine: Machine): void {
  const values: Tensor[] = [];
  for (const instruction of instructions) {
    switch (instruction.op) {
      case "load":
        values.push(read(nth(inputs, instruction.input), machine));
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
        values.push(applyOne(primitives[operation.op], operation, picked(values, instruction.args)));
      }
    }
  }
  for (const { value, view } of stores) write(view, nth(values, value), machine);
  if (reductions !== undefined)
    for (const { value, view } of reductions.results) write(view, reduced(reductions, nth(values, value)), machine);
}
