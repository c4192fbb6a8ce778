/** Cells within a cell. */
import { isTensor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { contextWithin, outputOf, type Cell, type CellContext } from "./cell.ts";
import { checkCell } from "./check-given.ts";
import { statesWithin, type State, type States } from "./states.ts";

/** Cells within a cell, by name. */
export type Inner = { readonly [name: string]: Cell };

/** One step of a cell within a cell. */
export type InnerCell<C> =
  C extends Cell<infer P, infer S>
    ? (
        x: Tensor,
        options?: InnerStepOptions<P, S>,
      ) => {
        /** Its next states, to be returned under its name. */
        readonly state: S;
        readonly output: Tensor;
      }
    : never;

export interface InnerStepOptions<P extends Tree, S extends State> {
  /** Where it starts. Default: its states as they came. */
  readonly state?: S;
  /** Default: its parameters. */
  readonly params?: P;
  /** What its traces, products and random keys stand under. Default its name; a second call in a step needs another. */
  readonly name?: string;
}

type StepInner = (x: Tensor, options?: InnerStepOptions<Tree, State>) => { state: State; output: Tensor };

/** The inner cells as the step is given them: with their parameters, states and context. */
export function innerSteps(cells: Inner, params: Tree, state: State, context: CellContext): Record<string, StepInner> {
  return Object.fromEntries(
    Object.entries(cells).map(([name, cell]) => {
      const step: StepInner = (x, given = {}) => {
        const next = cell.step(
          given.params ?? childOf(params, name),
          given.state ?? statesUnder(state, name),
          x,
          contextWithin(given.name ?? name, context),
        );
        return { state: next.state, output: outputOf(next) };
      };
      return [name, step];
    }),
  );
}

/** The states of the inner cells, under their names. */
export function innerStates(cells: Inner): States {
  return Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, statesWithin(name, cell.state)]));
}

/** An error where an inner cell is not one, or has the name of something of the cell's own. */
export function checkInner(where: string, cells: Inner, taken: Readonly<Record<string, object>>): void {
  for (const [name, cell] of Object.entries(cells)) {
    checkCell(`${where}: cells.${name}`, cell);
    const clash = Object.entries(taken).find(([, names]) => Object.hasOwn(names, name))?.[0];
    if (clash !== undefined || name === "norm")
      throw new TensorError(
        `${where}: the inner cell ${name} has the name of ${clash ?? "what normalizers keep"}; rename it`,
      );
  }
}

function childOf(tree: Tree, name: string): Tree {
  return (isTensor(tree) ? undefined : Object.entries<Tree>(tree).find(([key]) => key === name)?.[1]) ?? {};
}

function statesUnder(state: State, name: string): State {
  const child = state[name];
  return child === undefined || isTensor(child) ? {} : child;
}
