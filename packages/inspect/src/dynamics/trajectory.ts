import { evaluation, sequence, type Cell, type State } from "@sluice/cells";
import { leavesOf, mapTree, reshape, select, type Tensor, type Tree } from "@sluice/tensor";
import { lookUp } from "@sluice/tensor/internal";
import { activeSteps, batchAndTime, checkSteps, type StepOptions } from "../steps.ts";
import { checkCell, stateParts, toVector } from "./state-vector.ts";

/** How a cell is run along a sequence: what its layer was given. */
export interface TrajectoryOptions<S extends Tree = Tree> extends StepOptions {
  /** The state before the first step. Default: the initial state. */
  readonly state?: S;
  /** What the cell reads besides `x`, `[batch, time, ...]`, by name. */
  readonly extra?: Readonly<Record<string, Tensor>>;
  /** The layer's buffers, as training left them. Needed if it has any. */
  readonly buffers?: Tree;
}

/** The states of a run, before or after each step. */
export interface Run<S extends State> {
  /** `[batch, time, ...]`; zeros at steps that are not taken. */
  readonly states: S;
  /** `[batch, ...]`, after the last step of each row. */
  readonly last: S;
  /** bool `[batch, time]`: the steps that are taken. */
  readonly active: Tensor;
}

const options = ["state", "extra", "buffers"];

/** Throws if options are not those of a trajectory or among `own`. */
export function checkTrajectory(operation: string, given: object, own: readonly string[] = []): void {
  checkSteps(operation, given, [...options, ...own]);
}

/**
 * The state vectors of a cell after each step of a run in evaluation: `[batch, time, n]`, all float states one after
 * the other ({@link stateParts}). NaN at the steps that a row did not take. Can also be used inside compiled programs.
 * Throws a TensorError if x or an option does not fit the cell.
 */
export function stateTrajectory<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  x: Tensor,
  options: TrajectoryOptions<S> = {},
): Tensor {
  checkTrajectory("stateTrajectory", options);
  checkCell("stateTrajectory", cell);
  const { states, active } = run("after", cell, params, x, options);
  return whereTaken(active, toVector(stateParts(cell), states), NaN);
}

/** Runs a cell over `x` and collects its states before or after each step. */
export function run<P extends Tree, S extends State>(
  when: "before" | "after",
  cell: Cell<P, S>,
  params: P,
  x: Tensor,
  { state, extra = {}, buffers, lengths, mask }: TrajectoryOptions<S>,
): Run<S> {
  const [batch, time] = batchAndTime(cell.name, x, "x");
  const layer = sequence(collecting(when, cell));
  const given = {
    extra,
    ...(state !== undefined && { state }),
    ...(buffers !== undefined && { buffers }),
    ...(lengths !== undefined && { lengths }),
    ...(mask !== undefined && { mask }),
  };
  const names = leavesOf(layer.initialState(1, { params })).map(({ path }) => collected(when, path));
  const { state: last, traces } = layer.apply(params, x, { ...given, traces: names });
  const found = new Map(Object.entries(traces));
  return {
    states: mapTree(last, (_, path) => lookUp(found, collected(when, path), `${cell.name}: no state ${path}`)),
    last,
    active: activeSteps(cell.name, [batch, time], given),
  };
}

/** The cell, tracing its states before or after each step too. */
function collecting<P extends Tree, S extends State>(when: "before" | "after", cell: Cell<P, S>): Cell<P, S> {
  return {
    ...cell,
    step(params, state, x, context = evaluation) {
      const stepped = cell.step(params, state, x, context);
      for (const { path, tensor } of leavesOf(when === "before" ? state : stepped.state))
        context.trace(collected(when, path), tensor);
      return stepped;
    },
  };
}

const collected = (when: string, path: string): string => `state ${when} the step: ${path}`;

/** `x` `[batch, time, ...]` where steps are taken, and `otherwise` elsewhere. */
export function whereTaken(active: Tensor, x: Tensor, otherwise: number): Tensor {
  return select(reshape(active, [...active.shape, ...x.shape.slice(2).map(() => 1)]), x, otherwise);
}
