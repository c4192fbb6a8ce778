import { TensorError, isTensor, keyFor, leavesOf, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, zerosArray } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import { outputOf, type Cell, type Stepped } from "../cell/cell.ts";
import { childOf, contextWithin, evaluation, type CellContext } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { joinExtras } from "../cell/inputs.ts";
import { probe } from "../cell/probe.ts";
import { statesOf, statesWithin, type State } from "../cell/states.ts";
import { inputFeatures } from "./input-features.ts";

/** The cells of {@link fastSlow}. */
export interface FastSlowOptions<F extends State, S extends State> {
  /** The fast cells F1, F2, ..., at least two, with the same states. */
  readonly fast: readonly Cell<Tree, F>[];
  /** The slow cell. */
  readonly slow: Cell<Tree, S>;
}

/**
 * Fast-slow network (Mujika, Meier and Steger 2017, arXiv:1705.08639): k fast cells in a cycle pass one state on, k
 * times per step; a slow cell is updated once per step:
 *
 *     h^F1_t = F1(h^Fk_{t-1}, x_t)
 *     h^S_t  = S(h^S_{t-1}, h^F1_t)
 *     h^F2_t = F2(h^F1_t, h^S_t)
 *     h^Fi_t = Fi(h^Fi-1_t)              for 3 <= i <= k
 *     y_t    = h^Fk_t
 *
 * `fastSlow({ fast: [lstm({ input, hidden: 8 }), lstm({ input: 4, hidden: 8 })], slow: lstm({ input: 8, hidden: 4 })
 * })`. What is passed between cells is the output, and all states of a fast cell go to the next one (h and c of an
 * LSTM), as in the authors' code. That code gives zeros as the input of the cells from F3 on, as this does. Parameters:
 * those of the cells, under `fast1`, `fast2`, ... and `slow`. States: `fast` (after Fk; it begins as F1 says) and
 * `slow`. Traces begin with the name of the cell, `fast1.forget`. Throws a TensorError if the cells do not fit.
 */
export function fastSlow<F extends State, S extends State>(
  options: FastSlowOptions<F, S>,
): Cell<Tree, { readonly fast: F; readonly slow: S }>;
export function fastSlow(options: FastSlowOptions<State, State>): Cell {
  checkOptions("fastSlow", options, ["fast", "slow"]);
  const { fast, slow } = options;
  const [first, second] = checkFit(fast, slow);
  const cells: Readonly<Record<string, Cell>> = {
    ...Object.fromEntries(fast.map((cell, i) => [`fast${i + 1}`, cell])),
    slow,
  };
  const of = <T>(f: (cell: Cell, name: string) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, f(cell, name)]));
  const buffered = Object.entries(cells).flatMap(([name, { buffers }]) =>
    buffers === undefined ? [] : [[name, buffers]],
  );
  const update = updateOf(cells);
  return {
    name: "fastSlow",
    sizes: { input: first.sizes.input, hidden: first.sizes.hidden },
    params: of(({ params }) => params),
    state: { fast: statesWithin("fast1", first.state), slow: statesWithin("slow", slow.state) },
    ...(first.input === undefined ? {} : { input: first.input }),
    extra: joinExtras(
      "fastSlow",
      [...fast, slow].map(({ extra }) => extra),
    ),
    ...(buffered.length === 0 ? {} : { buffers: Object.fromEntries(buffered) }),
    ...(update === undefined ? {} : { update }),
    init: (key, given) => of((cell, name) => cell.init(keyFor(key, name), given)),
    step(params, state, x, context = evaluation) {
      const run = stepper(params, context);
      const f1 = run.step("fast1", first, statesAt(state, "fast"), x);
      const s = run.step("slow", slow, statesAt(state, "slow"), outputOf(f1));
      const f2 = run.step("fast2", second, f1.state, outputOf(s));
      const fk = fast.slice(2).reduce((f, cell, i) => {
        const nothing = zerosArray([axisSize(x, 0), inputFeatures("fastSlow", cell)], outputOf(f).dtype);
        return run.step(`fast${i + 3}`, cell, f.state, nothing);
      }, f2);
      return {
        state: { fast: fk.state, slow: s.state },
        output: typeof fk.output === "string" ? `fast.${fk.output}` : fk.output,
        ...(Object.keys(run.observed).length === 0 ? {} : { observed: run.observed }),
      };
    },
  };
}

/** Runs the cells with their own parameters and context, and records what they observe. */
function stepper(params: Tree, context: CellContext) {
  const observed: Record<string, Tree> = {};
  return {
    observed,
    step(name: string, cell: Cell, state: State, x: Tensor): Stepped {
      const next = cell.step(childOf(params, name), state, x, contextWithin(name, context));
      if (next.observed !== undefined) observed[name] = next.observed;
      return next;
    },
  };
}

/** How the buffers of all cells change; undefined if none do. */
function updateOf(cells: Readonly<Record<string, Cell>>): Cell["update"] {
  if (Object.values(cells).every(({ update }) => update === undefined)) return undefined;
  return (buffers, observed) =>
    Object.fromEntries(
      Object.entries(cells).flatMap(([name, { update }]) => {
        const before = childOf(buffers, name);
        if (leavesOf(before).length === 0) return [];
        return [[name, update === undefined ? before : update(before, childOf(observed, name))]];
      }),
    );
}

function statesAt(state: State, name: string): State {
  const child = state[name];
  return child === undefined || isTensor(child) ? {} : child;
}

/** F1 and F2. Throws if the cells cannot be joined. */
function checkFit(fast: readonly Cell[], slow: Cell): readonly [Cell, Cell] {
  fast.forEach((cell) => checkCell("fastSlow: fast", cell));
  checkCell("fastSlow: slow", slow);
  const [first, second, ...more] = fast;
  if (first === undefined || second === undefined)
    throw new TensorError(`fastSlow: expected at least two fast cells, got ${fast.length}`);
  const show = (cell: Cell): string =>
    statesOf(cell.state)
      .map(({ path, shape, dtype }) => `${path} ${dtype} [${shape.join(", ")}]`)
      .join(", ");
  const other = [second, ...more].find((cell) => show(cell) !== show(first));
  if (other !== undefined)
    throw new TensorError(
      `fastSlow: fast cells pass their states on, so all must have the same; one has ${show(first)}, another ${show(other)}`,
    );
  const checkInput = (name: string, cell: Cell, from: string, features: number): void => {
    const input = inputFeatures("fastSlow", cell);
    if (input !== features)
      throw new TensorError(
        `fastSlow: ${name} reads ${input} features, but the output of ${from} has ${features}; make it with { input: ${features} }`,
      );
  };
  checkInput("slow", slow, "the first fast cell", probe(first).features);
  checkInput("the second fast cell", second, "slow", probe(slow).features);
  more.forEach((cell) => inputFeatures("fastSlow", cell));
  return [first, second];
}
