/** Converts weights to and from the form that a layout describes. No number is changed. */
import {
  concat,
  isTensor,
  split,
  stack,
  take,
  TensorError,
  transpose,
  zerosLike,
  type Shape,
  type Tensor,
} from "@sluice/tensor";
import { sameShape, showShape, suggestion } from "@sluice/tensor/internal";
import type { GateOrder, WeightLayout } from "./layout.ts";

export type Named = Readonly<Record<string, Tensor>>;

/** Parameters, or their shapes, by path. */
type ByPath<T> = ReadonlyMap<string, T>;

/** The weights of a layout that a cell or layer with these parameters uses. */
export function presentIn(
  weights: readonly WeightLayout[],
  paths: { has(path: string): boolean },
): readonly WeightLayout[] {
  return weights.filter((weight) => {
    const like = weight.zerosLike !== undefined && paths.has(weight.zerosLike);
    return pathsOf(weight).every((path) => like || paths.has(path));
  });
}

/** The library's tensor. */
export function exported(weight: WeightLayout, parameters: ByPath<Tensor>): Tensor {
  const rows = pathsOf(weight).map((path) => {
    const parameter = parameters.get(path);
    const ours = parameter ?? zerosLike(required(parameters, weight.zerosLike ?? path));
    const ordered = weight.gates === undefined ? ours : reordered(ours, weight.gates);
    return weight.transpose === true ? transpose(ordered) : ordered;
  });
  const [only] = rows;
  return typeof weight.parameters === "string" && only !== undefined ? only : stack(rows);
}

/** A parameter's blocks, as far as they were read; one block if the layout has no order of gates. */
export type Blocks = Map<string, (Tensor | undefined)[]>;

/** Reads the library's tensor into blocks of the parameters. `shapes` are the parameters' shapes. */
export function importInto(
  blocks: Blocks,
  weight: WeightLayout,
  theirs: Tensor,
  shapes: ByPath<Shape>,
  at: { readonly library: string; readonly name: string },
): void {
  for (const [i, path] of pathsOf(weight).entries()) {
    const row = typeof weight.parameters === "string" ? theirs : take(theirs, i);
    if (!shapes.has(path)) {
      if (isZero(row)) continue;
      const place = typeof weight.parameters === "string" ? at.name : `row ${i} of ${at.name}`;
      const fix = weight.unlessZeros === undefined ? "" : `; ${weight.unlessZeros}`;
      throw new TensorError(`${at.library}: the cell has no ${path}, and ${place} is not zero${fix}`);
    }
    const ours = weight.transpose === true ? transpose(row) : row;
    const { blocks: count, order } = weight.gates ?? { blocks: 1, order: [0] };
    const known = blocks.get(path) ?? new Array<Tensor | undefined>(count).fill(undefined);
    const read = order.length === 1 ? [ours] : split(ours, order.length);
    for (const [j, gate] of order.entries()) known[gate] = read[j];
    blocks.set(path, known);
  }
}

/** The parameter that consists of its blocks. */
export function joined(known: readonly (Tensor | undefined)[] | undefined, path: string, library: string): Tensor {
  const present = known?.filter((block) => block !== undefined) ?? [];
  if (known === undefined || present.length < known.length)
    throw new TensorError(`${library}: the layout gives no values for all of ${path}`);
  const [only] = present;
  return present.length === 1 && only !== undefined ? only : concat(present, -1);
}

/** The shape of the library's tensor. */
export function shapeOf(weight: WeightLayout, shapes: ByPath<Shape>): Shape {
  const [first = ""] = pathsOf(weight);
  const ours = shapes.get(first) ?? required(shapes, weight.zerosLike ?? first);
  const { blocks, order } = weight.gates ?? { blocks: 1, order: [0] };
  const width = ours.at(-1) ?? 1;
  if (width % blocks !== 0)
    throw new TensorError(
      `the layout of ${weight.name}: ${first} ${showShape(ours)} cannot be divided into ${blocks} gates`,
    );
  const ordered = [...ours.slice(0, -1), (width / blocks) * order.length];
  const row = weight.transpose === true ? ordered.toReversed() : ordered;
  return typeof weight.parameters === "string" ? row : [weight.parameters.length, ...row];
}

/** Takes the tensor `name` of `named` and checks its shape. */
export function checked(named: Named, name: string, shape: Shape, library: string): Tensor {
  const found = Object.hasOwn(named, name) ? named[name] : undefined;
  if (found === undefined)
    throw new TensorError(`${library}: no ${name}; there are ${Object.keys(named).join(", ") || "none"}`);
  if (!isTensor(found) || !sameShape(found.shape, shape))
    throw new TensorError(
      `${library}: ${name} must be ${showShape(shape)}, got ${isTensor(found) ? showShape(found.shape) : String(found)}`,
    );
  return found;
}

/** Throws an error if there are tensors that the layer does not use. */
export function checkNames(named: Named, expected: readonly string[], library: string): void {
  const strange = Object.keys(named).find((name) => !expected.includes(name));
  if (strange !== undefined)
    throw new TensorError(`${library}: the layer does not use ${strange}; ${suggestion(strange, expected)}`);
}

export const pathsOf = ({ parameters }: WeightLayout): readonly string[] =>
  typeof parameters === "string" ? [parameters] : parameters;

function reordered(ours: Tensor, { blocks, order }: GateOrder): Tensor {
  const gates = split(ours, blocks);
  return concat(
    order.map((gate) => {
      const block = gates[gate];
      if (block === undefined) throw new TensorError(`a layout's order of gates has ${gate}, of ${blocks} blocks`);
      return block;
    }),
    -1,
  );
}

function required<T>(of: ByPath<T>, path: string): T {
  const found = of.get(path);
  if (found === undefined)
    throw new TensorError(`a layout asks for the parameter ${path}, which the cell does not have`);
  return found;
}

/** Whether all values are zero; false for symbols, which have no values. */
function isZero(x: Tensor): boolean {
  return x.kind === "array" && x.data.every((value) => value === 0);
}
