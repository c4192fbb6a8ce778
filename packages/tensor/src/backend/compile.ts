import { isArray } from "../apply.ts";
import { checkFunction, checkList } from "../arguments.ts";
import { TensorError } from "../errors.ts";
import { picked, zip } from "../lists.ts";
import { checkOptions } from "../options.ts";
import { shown } from "../shown.ts";
import { recordProgram } from "../program/record.ts";
import { describe, type ArrayTensor } from "../tensor.ts";
import { leavesOf, matchTree, tensorsOf, treeFrom, type Tree } from "../tree.ts";
import type { Backend, CompileOptions, ExecutableStatistics } from "./backend.ts";
import { reference } from "./reference.ts";

/** Options of `compile`: the backend and its memory budget. */
export interface CompileFunctionOptions extends Pick<CompileOptions, "memory"> {
  /** Default: the reference backend. */
  readonly backend?: Backend;
}

/** A compiled function; `dispose` frees what the backend holds for it. */
export interface Compiled<A extends readonly Tree[], R extends Tree> {
  (...args: A): Promise<R>;
  /** Frees what the backend holds for the function. Later calls reject. */
  dispose(): Promise<void>;
  readonly statistics: ExecutableStatistics;
}

/**
 * Records `f` for arguments of the types of `example` and compiles it. The compiled function matches its arguments with
 * the example by path and throws an error for other shapes or dtypes.
 */
export async function compile<A extends readonly Tree[], R extends Tree>(
  f: (...args: A) => R,
  example: A,
  options: CompileFunctionOptions = {},
): Promise<Compiled<A, R>> {
  checkFunction("compile", "the first argument", f);
  checkList("compile", "the example of the arguments", example, "[x]");
  const { backend, limits } = whereOf("compile", options);
  const { program, result } = recordProgram(f, example);
  const executable = await backend.compile(program, limits);
  const run = async (...args: A): Promise<R> => treeFrom(result, await executable.run(argumentsOf(example, args)));
  return Object.assign(run, { dispose: () => executable.dispose(), statistics: executable.statistics });
}

/** A compiled step whose state stays on the backend. */
export interface Session<S extends Tree, I extends readonly Tree[], Y extends Tree> {
  /** One step: reads the inputs, replaces the state, returns the output. */
  run(...inputs: I): Promise<Y>;
  /** A copy of the state. */
  state(): Promise<S>;
  /** Replaces the state by a tree with the same paths, shapes and dtypes. */
  setState(state: S): Promise<void>;
  /** Frees what the backend holds for the step. Later calls reject. */
  dispose(): Promise<void>;
  readonly statistics: ExecutableStatistics;
}

/**
 * Compiles `step` as one program; its state starts as `initial`, stays on the backend and is replaced in place by each
 * run. `inputs` are examples: only their types are used. States and inputs are matched by path.
 */
export async function compileStep<S extends Tree, I extends readonly Tree[], Y extends Tree>(
  step: (state: S, ...inputs: I) => { state: S; output: Y },
  initial: S,
  inputs: I,
  options: CompileFunctionOptions = {},
): Promise<Session<S, I, Y>> {
  checkFunction("compileStep", "the first argument", step);
  checkList("compileStep", "the list of inputs", inputs, "[batch]");
  const { backend, limits } = whereOf("compileStep", options);
  const states = leavesOf(initial);
  const { program, result } = recordProgram(
    (...args: readonly [S, ...I]) => {
      const [state, ...rest] = args;
      return step(state, ...rest);
    },
    [initial, ...inputs],
  );
  const after = matchTree("compileStep: the state that the step returns", initial, result.state);
  // State that the step returns unchanged, such as the weights of a network that is only run, stays in place.
  const changed = after.flatMap((x, i) => (x === program.inputs[i] ? [] : [i]));
  const outputs = [...picked(after, changed), ...tensorsOf(result.output)];
  const executable = await backend.compile(
    { ...program, outputs },
    {
      ...limits,
      state: states.map((_, i) => (changed.includes(i) ? { input: i, output: changed.indexOf(i) } : { input: i })),
    },
  );
  await executable.writeState(arraysOf("compileStep: initial state", initial, initial));
  return {
    run: async (...args) => treeFrom(result.output, await executable.run(argumentsOf(inputs, args))),
    state: async () => treeFrom(initial, await executable.readState()),
    setState: async (state) => executable.writeState(arraysOf("setState", initial, state)),
    dispose: () => executable.dispose(),
    statistics: executable.statistics,
  };
}

function whereOf(
  operation: string,
  options: CompileFunctionOptions,
): { readonly backend: Backend; readonly limits: CompileOptions } {
  checkOptions(operation, options, ["backend", "memory"]);
  const { backend = reference(), memory } = options;
  if (typeof backend !== "object" || backend === null || typeof backend.compile !== "function") {
    throw new TensorError(`${operation}: the backend is ${shown(backend)}, expected one such as wasm() or await gpu()`);
  }
  if (memory !== undefined && !(memory > 0))
    throw new TensorError(`${operation}: expected memory in bytes, more than 0, got ${shown(memory)}`);
  return { backend, limits: memory === undefined ? {} : { memory } };
}

function argumentsOf(like: readonly Tree[], given: readonly Tree[]): ArrayTensor[] {
  if (given.length !== like.length)
    throw new TensorError(`run: expected ${like.length} arguments, got ${given.length}`);
  return zip(like, given).flatMap(([tree, own], i) =>
    arraysOf(like.length === 1 ? "run" : `run: argument ${i + 1}`, tree, own),
  );
}

/** The arrays of `given` in the order of `like`. */
function arraysOf(operation: string, like: Tree, given: Tree): ArrayTensor[] {
  return matchTree(operation, like, given).map((tensor) => {
    if (isArray(tensor)) return tensor;
    throw new TensorError(`${operation}: ${describe(tensor)} is a symbol without values`);
  });
}
