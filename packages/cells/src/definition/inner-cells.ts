/** Cells within a cell. */
import { isTensor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { outputOf, type Cell } from "../cell/cell.ts";
import { childOf, contextWithin, type CellContext } from "../cell/context.ts";
import type { BufferSpecs } from "@sluice/params";
import { checkCell } from "../cell/check-cell.ts";
import { statesWithin, type State, type States } from "../cell/states.ts";

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

/** Options of an inner cell's step. */
export interface InnerStepOptions<P extends Tree, S extends State> {
  /** The state to start from. Default: its state from the step before. */
  readonly state?: S;
  /** Default: its parameters. */
  readonly params?: P;
  /**
   * The prefix of its traces, products and random keys. Default: its name. A second call in the same step needs another
   * prefix.
   */
  readonly name?: string;
}

type StepInner = (x: Tensor, options?: InnerStepOptions<Tree, State>) => { state: State; output: Tensor };

/** What the inner cells observed, by cell and then by the name of the call. */
export type InnerObserved = Record<string, Record<string, Tree>>;

/**
 * The inner cells as the step gets them: with their parameters, states, buffers and context. What they observe is
 * recorded in `observed`.
 */
export function innerSteps(
  cells: Inner,
  params: Tree,
  state: State,
  context: CellContext,
  observed: InnerObserved,
): Record<string, StepInner> {
  return Object.fromEntries(
    Object.entries(cells).map(([name, cell]) => {
      const step: StepInner = (x, given = {}) => {
        const call = given.name ?? name;
        const next = cell.step(given.params ?? childOf(params, name), given.state ?? statesUnder(state, name), x, {
          ...contextWithin(call, context),
          buffers: childOf(context.buffers, name),
        });
        if (next.observed !== undefined) (observed[name] ??= {})[call] = next.observed;
        return { state: next.state, output: outputOf(next) };
      };
      return [name, step];
    }),
  );
}

/** The buffers of inner cells, under the cells' names. */
export function innerBuffers(cells: Inner): Record<string, BufferSpecs> {
  return Object.fromEntries(
    Object.entries(cells).flatMap(([name, { buffers }]) => (buffers === undefined ? [] : [[name, buffers]])),
  );
}

/** The states of inner cells, under the cells' names. */
export function innerStates(cells: Inner): States {
  return Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, statesWithin(name, cell.state)]));
}

/** Throws if an inner cell is not a cell, or has the name of something else in the outer cell. */
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

function statesUnder(state: State, name: string): State {
  const child = state[name];
  return child === undefined || isTensor(child) ? {} : child;
}
