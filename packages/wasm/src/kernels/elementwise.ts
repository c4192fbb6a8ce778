import type { ElementwiseStep, View } from "@sluice/compiler";
import { sizeOf } from "@sluice/tensor/internal";
import { type Body, type Expression, i32, inStep, type Local, type WasmFunction } from "../assembler/index.ts";
import { compute, fromMemory, isLong, toMemory } from "./instruction.ts";
import type { Kernel, KernelModule } from "./kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { type Axis, blocks, countOf, iterationOf, nest, toFirstRow } from "./nest.ts";

type Vector = Expression<"v128">;

/** Where a view is: views of one buffer with the same strides share a pointer. `offset` is in bytes from it. */
interface PointerOffset {
  readonly pointer: number;
  readonly offset: number;
}

/** An elementwise pass without its addresses. */
interface Pass {
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
  readonly loads: readonly PointerOffset[];
  /** Whether the pass also writes to the buffer of an input. Such an input is read before anything is written. */
  readonly overwritten: readonly boolean[];
  readonly instructions: ElementwiseStep["instructions"];
  readonly stores: readonly (PointerOffset & { readonly value: number })[];
}

export function elementwiseKernel(target: KernelModule, step: ElementwiseStep): Kernel {
  const { pointers, places } = placesOf([...step.inputs, ...step.stores.map(({ view }) => view)]);
  const written = new Set(step.stores.map(({ view }) => view.buffer));
  const pass: Pass = {
    shape: step.shape,
    strides: pointers.map(({ strides }) => strides),
    loads: places.slice(0, step.inputs.length),
    overwritten: step.inputs.map(({ buffer }) => written.has(buffer)),
    instructions: step.instructions,
    stores: step.stores.map(({ value }, i) => ({ value, ...places[step.inputs.length + i]! })),
  };
  const run = target.shared("pass", pass, (name) => emitPass(target, name, pass));
  return {
    views: pointers,
    count: iterationOf(pass.shape, pass.strides).rows,
    grain: 1,
    work: sizeOf(step.shape) * step.instructions.length,
    scratchBytes: 0,
    call: ({ first, end, addresses }) => run.call(first, end, ...addresses),
  };
}

function placesOf(views: readonly View[]): { pointers: View[]; places: PointerOffset[] } {
  const keyOf = ({ buffer, strides, loops }: View): string => `${buffer}:${strides.join()}:${loops.join()}`;
  const lowest = new Map<string, View>();
  for (const view of views) {
    const known = lowest.get(keyOf(view));
    if (known === undefined || view.offset < known.offset) lowest.set(keyOf(view), view);
  }
  const keys = [...lowest.keys()];
  return {
    pointers: [...lowest.values()],
    places: views.map((view) => ({
      pointer: keys.indexOf(keyOf(view)),
      offset: 4 * (view.offset - lowest.get(keyOf(view))!.offset),
    })),
  };
}

function emitPass({ module }: KernelModule, name: string, pass: Pass): WasmFunction<"none"> {
  const iteration = iterationOf(pass.shape, pass.strides);
  const inner = innermost(iteration.axes, pass);
  const outer = iteration.axes.filter((axis) => axis !== inner);
  const params = {
    first: "i32",
    end: "i32",
    ...Object.fromEntries(pass.strides.map((_, i) => [`p${i}`, "i32" as const])),
  } as const;
  return module.function(name, { params }, (body, all) => {
    const { first, end } = all;
    const pointers = pass.strides.map((_, i) => (all as Readonly<Record<string, Local<"i32">>>)[`p${i}`]!);
    toFirstRow(body, iteration, first, pointers);
    nest(body, outer, { first, end }, pointers, (row) => {
      const axis: Axis = inner ?? { length: 1, split: false, perRow: 1, strides: row.map(() => 1) };
      emitRow(body, pass, axis, countOf(axis, first, end), row);
    });
  });
}

/**
 * The axis that vectors run along: the one along which most values are contiguous or constant. If several are equal,
 * the last.
 */
function innermost(axes: readonly Axis[], { loads, stores }: Pass): Axis | undefined {
  const score = ({ length, strides }: Axis): number => {
    const easy = (place: PointerOffset, weight: number): number =>
      strides[place.pointer]! === 1 ? weight : strides[place.pointer] === 0 ? 0.9 * weight : 0;
    const sum =
      loads.reduce((total, place) => total + easy(place, 1), 0) +
      stores.reduce((total, place) => total + easy(place, 2), 0);
    return length < 4 ? 0 : sum;
  };
  return axes.reduce<Axis | undefined>(
    (best, axis) => (best === undefined || score(axis) >= score(best) ? axis : best),
    undefined,
  );
}

/** Computes all elements along one axis. */
function emitRow(body: Body, pass: Pass, axis: Axis, count: Expression<"i32">, row: readonly Local<"i32">[]): void {
  const uses = usesOf(pass);
  const strideOf = (place: PointerOffset): number => axis.strides[place.pointer]!;
  const invariant = invariants(pass, strideOf);
  const fixed = new Map<number, Vector>();
  pass.instructions.forEach((instruction, i) => {
    if (!invariant[i]) return;
    const value =
      instruction.op === "load"
        ? fromMemory(
            instruction.dtype,
            loadLanes(row[pass.loads[instruction.input]!.pointer]!, pass.loads[instruction.input]!.offset, 0, 4),
          )
        : compute(instruction, "args" in instruction ? instruction.args.map((arg) => fixed.get(arg)!) : []);
    fixed.set(i, instruction.op === "constant" ? value : body.let(value, `r${i}`));
  });
  const pointers = row.map((pointer, i) => (axis.strides[i] === 0 ? pointer : body.let(pointer, pointer.name)));

  const block = (width: number): void => {
    const copies = Math.max(1, Math.floor(width / 4));
    const lanes = Math.min(4, width);
    const values = new Map<number, readonly Vector[]>();
    pass.instructions.forEach((instruction, i) => {
      const known = fixed.get(i);
      const made = Array.from({ length: copies }, (_, copy): Vector => {
        if (known !== undefined) return known;
        if (instruction.op === "load") {
          const place = pass.loads[instruction.input]!;
          const offset = place.offset + 16 * copy * strideOf(place);
          return fromMemory(instruction.dtype, loadLanes(pointers[place.pointer]!, offset, strideOf(place), lanes));
        }
        return compute(
          instruction,
          "args" in instruction ? instruction.args.map((arg) => values.get(arg)![copy]!) : [],
        );
      });
      const early = instruction.op === "load" && pass.overwritten[instruction.input] === true;
      const keep = known === undefined && instruction.op !== "constant" && (uses[i]! > 1 || early);
      if (known === undefined && isLong(instruction)) values.set(i, inStep(body, made));
      else values.set(i, keep ? made.map((value) => body.let(value, `v${i}`)) : made);
    });
    for (const store of pass.stores) {
      const stride = strideOf(store);
      const { dtype } = pass.instructions[store.value]!;
      values.get(store.value)!.forEach((value, copy) => {
        const stored = toMemory(dtype, value);
        const once = stride === 1 && lanes === 4;
        storeLanes(
          body,
          pointers[store.pointer]!,
          once ? stored : body.let(stored, "out"),
          store.offset + 16 * copy * stride,
          stride,
          lanes,
        );
      });
    }
    pointers.forEach((pointer, i) => {
      if (axis.strides[i] !== 0) body.set(pointer, i32.add(pointer, 4 * width * axis.strides[i]!));
    });
  };
  blocks(
    body,
    count,
    {
      known: axis.split ? undefined : axis.length,
      unit: axis.perRow,
      widths: pass.instructions.some(isLong) ? [32, 16, 8, 4, 1] : [8, 4, 1],
    },
    block,
  );
}

function usesOf({ instructions, stores }: Pass): number[] {
  const uses = instructions.map(() => 0);
  const use = (i: number): void => void (uses[i] = uses[i]! + 1);
  for (const instruction of instructions) if ("args" in instruction) instruction.args.forEach(use);
  for (const { value } of stores) use(value);
  return uses;
}

/** Which values are constant along the axis. */
function invariants({ instructions, loads, overwritten }: Pass, strideOf: (place: PointerOffset) => number): boolean[] {
  const result: boolean[] = [];
  for (const instruction of instructions) {
    if (instruction.op === "load")
      result.push(strideOf(loads[instruction.input]!) === 0 && overwritten[instruction.input] !== true);
    else result.push(!("args" in instruction) || instruction.args.every((arg) => result[arg] === true));
  }
  return result;
}
