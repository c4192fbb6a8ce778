/** The parts of an elementwise pass: where its values are, and how a block of neighbouring elements is computed. */
import type { ElementwiseStep, Instruction, View } from "@sluice/compiler";
import type { Shape } from "@sluice/tensor";
import { lookUp, nth } from "@sluice/tensor/internal";
import { type Body, type Expression, inStep, type Local } from "../assembler/index.ts";
import { compute, fromMemory, isLong, toMemory } from "./instruction.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import type { Axis } from "./nest.ts";

export type Vector = Expression<"v128">;
type Load = Extract<Instruction, { op: "load" }>;

/** Where a view is: views of one buffer with the same strides share a pointer. `offset` is in bytes from it. */
export interface PointerOffset {
  readonly pointer: number;
  readonly offset: number;
}

/** An elementwise pass without its addresses. */
export interface Pass {
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
  readonly loads: readonly PointerOffset[];
  /** Whether the pass also writes to the buffer of an input. Such an input is read before anything is written. */
  readonly overwritten: readonly boolean[];
  readonly instructions: ElementwiseStep["instructions"];
  readonly stores: readonly Stored[];
  /** Where what it reduces goes. */
  readonly results: readonly Stored[];
}

export interface Stored extends PointerOffset {
  readonly value: number;
}

/** The pass of a step, and the views that its pointers are. */
export function passOf({ shape, inputs, instructions, stores, reductions }: ElementwiseStep): {
  readonly pass: Pass;
  readonly pointers: readonly View[];
} {
  const results = reductions?.results ?? [];
  const { pointers, places } = placesOf([
    ...inputs,
    ...stores.map(({ view }) => view),
    ...results.map(({ view }) => spread(view, shape, reductions?.axis ?? 0)),
  ]);
  const written = new Set(stores.map(({ view }) => view.buffer));
  const placed = (from: number, all: readonly { readonly value: number }[]): Stored[] =>
    all.map(({ value }, i) => ({ value, ...nth(places, from + i) }));
  return {
    pointers,
    pass: {
      shape,
      strides: pointers.map(({ strides }) => strides),
      loads: places.slice(0, inputs.length),
      overwritten: inputs.map(({ buffer }) => written.has(buffer)),
      instructions,
      stores: placed(inputs.length, stores),
      results: placed(inputs.length + stores.length, results),
    },
  };
}

/** The parameters of a pass's function: its rows, and its pointers. */
export interface PassParameters {
  readonly first: "i32";
  readonly end: "i32";
  readonly [pointer: string]: "i32";
}

/** The pointers among them. */
export const pointerParameters = ({ strides }: Pass): Readonly<Record<string, "i32">> =>
  Object.fromEntries(strides.map((_, i) => [`p${i}`, "i32"]));

/** The axis of a pass that has none: one element. */
export const pointAxis = ({ strides }: Pass): Axis => ({
  length: 1,
  split: false,
  perRow: 1,
  strides: strides.map(() => 1),
});

/** A result of a reduction as the pass walks it: it stays where it is along the axis. */
const spread = (view: View, shape: Shape, axis: number): View => ({
  ...view,
  shape,
  strides: view.strides.toSpliced(axis, 0, 0),
});

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
      offset: 4 * (view.offset - lookUp(lowest, keyOf(view), "no pointer").offset),
    })),
  };
}

/**
 * The axis that vectors run along: the one along which most values are contiguous or constant. If several are equal,
 * the last.
 */
export function innermost(axes: readonly Axis[], { loads, stores }: Pass): Axis | undefined {
  const score = (axis: Axis): number => {
    const easy = ({ pointer }: PointerOffset, weight: number): number => {
      const stride = strideOf(axis, pointer);
      return stride === 1 ? weight : stride === 0 ? 0.9 * weight : 0;
    };
    const sum =
      loads.reduce((total, place) => total + easy(place, 1), 0) +
      stores.reduce((total, place) => total + easy(place, 2), 0);
    return axis.length < 4 ? 0 : sum;
  };
  return axes.reduce<Axis | undefined>(
    (best, axis) => (best === undefined || score(axis) >= score(best) ? axis : best),
    undefined,
  );
}

/**
 * How many neighbouring elements are computed together: `short`, or more where there are long instructions, which are
 * chains that wait for each other. Every block repeats all of them, so that many are written for fewer elements: code
 * takes time to write and to compile.
 */
export function widthsFor({ instructions }: Pass, short: number): readonly number[] {
  const chains = instructions.filter(isLong).reduce((sum, { op }) => sum + (inDoubles.has(op) ? 4 : 1), 0);
  const widest = chains === 0 ? short : chains <= 8 ? 32 : chains <= 16 ? 16 : 8;
  return [32, 16, 8, 4, 1].filter((width) => width <= widest);
}

/** Long instructions that compute in doubles, and so take about four times as much code. */
const inDoubles: ReadonlySet<Instruction["op"]> = new Set(["cos", "pow", "sin"]);

/** A pass along one axis. */
export interface Row {
  readonly pass: Pass;
  readonly axis: Axis;
  readonly pointers: readonly Local<"i32">[];
}

/** Neighbouring elements that are computed together: `copies` vectors with `lanes` of them each. */
export interface Block {
  readonly copies: number;
  readonly lanes: number;
}

/** The values that are constant along the axis, by the number of their instruction. */
export function computeFixed(body: Body, row: Row): ReadonlyMap<number, Vector> {
  const fixed = new Map<number, Vector>();
  const invariant = invariants(row);
  row.pass.instructions.forEach((instruction, i) => {
    if (invariant[i] !== true) return;
    const value =
      instruction.op === "load"
        ? loadOf(row, instruction, { copy: 0, lanes: 4 })
        : compute(
            instruction,
            argumentsOf(instruction).map((arg) => lookUp(fixed, arg, "no constant value")),
            body.multiplyAdd,
          );
    fixed.set(i, instruction.op === "constant" ? value : body.let(value, `r${i}`));
  });
  return fixed;
}

/** The values of all instructions, one vector per copy. Those that are used more than once become variables. */
export function computeBlock(
  body: Body,
  row: Row,
  { copies, lanes }: Block,
  fixed: ReadonlyMap<number, Vector>,
): ReadonlyMap<number, readonly Vector[]> {
  const { instructions, overwritten } = row.pass;
  const uses = usesOf(row.pass);
  const values = new Map<number, readonly Vector[]>();
  instructions.forEach((instruction, i) => {
    const known = fixed.get(i);
    if (known !== undefined) {
      values.set(
        i,
        Array.from({ length: copies }, () => known),
      );
      return;
    }
    const made = Array.from({ length: copies }, (_, copy) => {
      if (instruction.op === "load") return loadOf(row, instruction, { copy, lanes });
      const args = argumentsOf(instruction).map((arg) => lookUp(values, arg, "no value"));
      return compute(
        instruction,
        args.map((arg) => nth(arg, copy)),
        body.multiplyAdd,
      );
    });
    // What is overwritten is read before anything is stored.
    const early = instruction.op === "load" && overwritten[instruction.input] === true;
    if (isLong(instruction)) values.set(i, inStep(body, made));
    else values.set(i, early || (uses[i] ?? 0) > 1 ? made.map((value) => body.let(value, `v${i}`)) : made);
  });
  return values;
}

export function storeBlock(
  body: Body,
  row: Row,
  { lanes }: Block,
  values: ReadonlyMap<number, readonly Vector[]>,
): void {
  for (const store of row.pass.stores) {
    const { address, offset, stride } = whereIs(row, store);
    const { dtype } = nth(row.pass.instructions, store.value);
    const once = stride === 1 && lanes === 4;
    lookUp(values, store.value, "no value").forEach((value, copy) => {
      const stored = toMemory(dtype, value);
      storeLanes(body, address, once ? stored : body.let(stored, "out"), offset + 16 * copy * stride, stride, lanes);
    });
  }
}

/** Where a value is at the start of a block. `offset` is in bytes from `address`, `stride` in elements along the axis. */
export function whereIs(
  { axis, pointers }: Row,
  { pointer, offset }: PointerOffset,
): { readonly address: Local<"i32">; readonly offset: number; readonly stride: number } {
  return { address: nth(pointers, pointer), offset, stride: strideOf(axis, pointer) };
}

function strideOf({ strides }: Axis, pointer: number): number {
  return nth(strides, pointer);
}

/** Four neighbouring elements of an input, the `copy`-th four of a block. */
function loadOf(
  row: Row,
  { dtype, input }: Load,
  { copy, lanes }: { readonly copy: number; readonly lanes: number },
): Vector {
  const { address, offset, stride } = whereIs(row, nth(row.pass.loads, input));
  return fromMemory(dtype, loadLanes(address, offset + 16 * copy * stride, stride, lanes));
}

/** The instructions whose values an instruction computes with. */
function argumentsOf(instruction: Instruction): readonly number[] {
  return "args" in instruction ? instruction.args : [];
}

function usesOf({ instructions, stores, results }: Pass): number[] {
  const uses = instructions.map(() => 0);
  const written = [...stores, ...results];
  for (const i of [...instructions.flatMap(argumentsOf), ...written.map(({ value }) => value)])
    uses[i] = (uses[i] ?? 0) + 1;
  return uses;
}

/** Which values are constant along the axis. */
function invariants({ pass, axis }: Row): boolean[] {
  const result: boolean[] = [];
  for (const instruction of pass.instructions) {
    if (instruction.op === "load") {
      const { pointer } = nth(pass.loads, instruction.input);
      result.push(strideOf(axis, pointer) === 0 && pass.overwritten[instruction.input] !== true);
    } else result.push(argumentsOf(instruction).every((arg) => result[arg] === true));
  }
  return result;
}
