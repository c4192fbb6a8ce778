/** The states of a cell: their specs and their initial values. */
import {
  broadcastTo,
  convert,
  full,
  isTensor,
  key,
  keyFor,
  leavesOf,
  TensorError,
  type DType,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions, isFloat, sameShape, shown, showShape, zerosArray } from "@sluice/tensor/internal";
import { type Initializer, specsOf, type Specs } from "@sluice/params";
import { actualDType } from "./inputs.ts";

/** The states of a cell by name, each `[batch, ...]`; those of a cell within a cell are nested under its name. */
export type State = NestedStates<Tensor>;

/** A value for each state, nested like the states. */
export type NestedStates<T> = { readonly [name: string]: T | NestedStates<T> };

/** The spec of a state. */
export interface StateSpec {
  /** Of one example. */
  readonly shape: Shape;
  /** Default f32, which is f64 where the parameters are. States of i32 and bool have no gradient. */
  readonly dtype?: "f32" | "i32" | "bool";
  /**
   * The initial value, before the first step and after a reset, the same for all rows: a number (default 0); an
   * initializer, such as `identity`, drawn with a fixed key and not trained; or the name of a parameter of the state's
   * shape, such as `"h0"`, for a learned initial state.
   */
  readonly initial?: number | Initializer | string;
}

/** The specs of a cell's states, nested like the states: the shape of one example, or a {@link StateSpec}. */
export type States = { readonly [name: string]: Shape | StateSpec | States };

/** The tensors that states of these specs are. */
export type StateOf<S> = S extends Shape | StateSpec ? Tensor : { readonly [K in keyof S]: StateOf<S[K]> };

/** The paths of the tensors of a state: `"h"`, or `"inner.h"` of a cell within the cell. */
export type StatePath<S> = { [K in keyof S & string]: PathOf<K, S[K]> }[keyof S & string];

type PathOf<K extends string, T> = T extends Tensor ? K : `${K}.${string}`;

/** A state of a tree of states, with its path. */
export interface StateLeaf extends Required<StateSpec> {
  readonly path: string;
}

/** The states in order, each with its path and with defaults filled in. */
export function statesOf(states: States, path = ""): StateLeaf[] {
  return Object.entries(states).flatMap(([name, child]) => {
    const below = path === "" ? name : `${path}.${name}`;
    const spec = specOf(child, below);
    return spec === undefined ? statesOf(nestedOf(child, below), below) : [{ path: below, ...spec }];
  });
}

/** `f` of every state, nested as they are. */
export function mapStates<T>(states: States, f: (leaf: StateLeaf) => T, path = ""): NestedStates<T> {
  return Object.fromEntries(
    Object.entries(states).map(([name, child]) => {
      const below = path === "" ? name : `${path}.${name}`;
      const spec = specOf(child, below);
      return [name, spec === undefined ? mapStates(nestedOf(child, below), f, below) : f({ path: below, ...spec })];
    }),
  );
}

/**
 * The state specs of an inner cell whose parameters are under `name` in the outer cell's; learned initial states are
 * looked up there.
 */
export function statesWithin(name: string, states: States): States {
  return Object.fromEntries(
    Object.entries(states).map(([state, child]) => {
      const spec = specOf(child, state);
      if (spec === undefined) return [state, statesWithin(name, nestedOf(child, state))];
      return [state, typeof spec.initial === "string" ? { ...spec, initial: `${name}.${spec.initial}` } : child];
    }),
  );
}

/** The dtype of floats, taken from the parameters, because `x` may be an integer tensor such as token ids. */
export function floatOf(x: Tensor, params: Tree): DType {
  if (isFloat(x.dtype)) return x.dtype;
  return leavesOf(params).find(({ tensor }) => isFloat(tensor.dtype))?.tensor.dtype ?? "f32";
}

/** The parts of a cell that its initial state needs. */
export interface Stateful {
  readonly name: string;
  readonly state: States;
  readonly sizes?: { readonly input?: number; readonly hidden?: number };
}

/** The state before the first step, for a batch; floats have the dtype `float`. */
export function initialState<S extends State>(cell: Stateful, batch: number, float: DType, params: Tree | undefined): S;
export function initialState(cell: Stateful, batch: number, float: DType, params: Tree | undefined): State {
  const weights = new Map(params === undefined ? [] : leavesOf(params).map(({ path, tensor }) => [path, tensor]));
  return mapStates(cell.state, ({ path, shape, dtype: declared, initial }) => {
    const dtype = actualDType(declared, float);
    const whole = [batch, ...shape];
    if (typeof initial === "number") return initial === 0 ? zerosArray(whole, dtype) : full(whole, initial, dtype);
    if (typeof initial === "function") {
      const drawn = initial(keyFor(key(0), `state.${path}`), shape, cell.sizes ?? {});
      if (!sameShape(drawn.shape, shape))
        throw new TensorError(
          `${cell.name}: the initializer of state ${path} must give an array ${showShape(shape)}, got ${showShape(drawn.shape)}`,
        );
      return broadcastTo(convert(drawn, dtype), whole);
    }
    const learned = weights.get(initial);
    if (learned !== undefined) return broadcastTo(learned, whole);
    throw new TensorError(
      `${cell.name}: state ${path} begins as the parameter ${initial}, so the initial state needs the parameters; pass initialState(batch, { params })`,
    );
  });
}

/** Zeros to perturb the states with, `[...lead, ...]`, all floats. */
export function zeroPerturbations<S extends State>(states: States, lead: Shape, float: DType): S;
export function zeroPerturbations(states: States, lead: Shape, float: DType): State {
  return mapStates(states, ({ shape }) => zerosArray([...lead, ...shape], float));
}

/** Throws if a state's spec is not valid, or if its initial parameter is missing or does not fit. */
export function checkStates(name: string, states: States, params: Specs): void {
  const weights = new Map(specsOf(params).map(({ path, spec }) => [path, spec.shape]));
  for (const { path, shape, dtype, initial } of statesOf(states)) {
    const state = `${name}: state ${path}`;
    if (!["f32", "i32", "bool"].includes(dtype))
      throw new TensorError(`${state} has the dtype ${shown(dtype)}, expected f32, i32 or bool`);
    if (typeof initial === "number" || typeof initial === "function") continue;
    if (typeof initial !== "string")
      throw new TensorError(
        `${state} has the initial value ${shown(initial)}, expected a number, an initializer or the name of a parameter`,
      );
    const found = weights.get(initial);
    if (found === undefined)
      throw new TensorError(
        `${state} begins as the parameter ${initial}, but the parameters are ${[...weights.keys()].join(", ") || "none"}`,
      );
    if (!sameShape(found, shape) || dtype !== "f32")
      throw new TensorError(
        `${state}, ${dtype} ${showShape(shape)}, begins as the parameter ${initial}, which is f32 ${showShape(found)}; their shapes and dtypes must match`,
      );
  }
}

/** Throws if a value is not the states of a cell. */
export function checkStateShapes(states: unknown): void {
  for (const [name, child] of Object.entries(states ?? {}))
    if (specOf(child, name) === undefined) checkStateShapes(nestedOf(child, name));
}

function specOf(child: Shape | StateSpec | States, path: string): Required<StateSpec> | undefined {
  if (isShape(child)) return { shape: child, dtype: "f32", initial: 0 };
  if (!isSpec(child)) return undefined;
  checkOptions(`state ${path}`, child, ["shape", "dtype", "initial"], { type: "dtype", init: "initial" });
  return { dtype: "f32", initial: 0, ...child };
}

function nestedOf(child: Shape | StateSpec | States, path: string): States {
  if (typeof child === "object" && child !== null && !isShape(child) && !isSpec(child) && !isTensor(child))
    return child;
  throw new TensorError(
    `state ${path} is ${shown(child)}, expected the shape of one example, such as [64], or { shape, dtype, initial }`,
  );
}

function isShape(child: unknown): child is Shape {
  return Array.isArray(child);
}

function isSpec(child: unknown): child is StateSpec {
  return typeof child === "object" && child !== null && "shape" in child && isShape(child.shape);
}
