/** The parts of an elementwise pass: where its values are, and how a block of neighbouring elements is computed. */
import type { ElementwiseStep, Instruction, View } from "@sluice/compiler";
import type { Shape } from "@sluice/tensor";
import { lookUp, nth } from "@sluice/tensor/internal";
import { type Body, type Expression, inStep, type Local } from "../assembler/index.ts";
import { compute, fromMemory, isLong, toMemory } from "./instruction.ts";
import { areNeighbours, loadPlaces, storePlaces } from "./lanes.ts";
import type { Axis } from "./nest.ts";
import { type Block, placesIn } from "./walk.ts";

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
    // What is overwritten is read before anything is stored. With a short axis, vectors are loaded in different ways.
    const early =
      instruction.op === "load" && (overwritten[instruction.input] === true || row.axis.within !== undefined);
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
  for (const { pointer, offset, value } of row.pass.stores) {
    const { dtype } = nth(row.pass.instructions, value);
    lookUp(values, value, "no value").forEach((vector, copy) => {
      const places = placesIn(row.axis, pointer, { copy, lanes });
      const stored = toMemory(dtype, vector);
      const once = lanes === 4 && areNeighbours(places);
      storePlaces(body, nth(row.pointers, pointer), once ? stored : body.let(stored, "out"), offset, places);
    });
  }
}

function strideOf({ strides }: Axis, pointer: number): number {
  return nth(strides, pointer);
}

/** Four neighbouring elements of an input, the `copy`-th four of a block. */
function loadOf(row: Row, { dtype, input }: Load, vector: { readonly copy: number; readonly lanes: number }): Vector {
  const { pointer, offset } = nth(row.pass.loads, input);
  return fromMemory(dtype, loadPlaces(nth(row.pointers, pointer), offset, placesIn(row.axis, pointer, vector)));
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
      const stays = strideOf(axis, pointer) === 0 && (axis.within?.strides[pointer] ?? 0) === 0;
      result.push(stays && pass.overwritten[instruction.input] !== true);
    } else result.push(argumentsOf(instruction).every((arg) => result[arg] === true));
  }
  return result;
}
