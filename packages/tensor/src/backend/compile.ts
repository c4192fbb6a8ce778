import { isArray } from "../apply.ts";
import { TensorError } from "../errors.ts";
import { trace } from "../program/trace.ts";
import { describe, type ArrayTensor } from "../tensor.ts";
import { leavesOf, tensorsOf, treeFrom, type Tree } from "../tree.ts";
import type { Backend, ExecutableStatistics } from "./backend.ts";
import { reference } from "./reference.ts";

export interface CompileFunctionOptions {
  /** Default: the reference backend. */
  readonly backend?: Backend;
}

/** A compiled function; `dispose` frees what the backend holds for it. */
export interface Compiled<A extends readonly Tree[], R extends Tree> {
  (...args: A): Promise<R>;
  dispose(): Promise<void>;
  readonly statistics: ExecutableStatistics;
}

/** Traces `f` for arguments of the types of `example` and compiles it. */
export async function compile<A extends readonly Tree[], R extends Tree>(
  f: (...args: A) => R,
  example: A,
  options: CompileFunctionOptions = {},
): Promise<Compiled<A, R>> {
  const { backend = reference() } = options;
  const { program, result } = trace(f, example);
  const executable = await backend.compile(program);
  const run = async (...args: A): Promise<R> => treeFrom(result, await executable.run(args.flatMap((arg) => arraysOf(arg, "compile"))));
  return Object.assign(run, { dispose: () => executable.dispose(), statistics: executable.statistics });
}

/** A compiled step whose state stays on the backend. */
export interface Session<S extends Tree, I extends readonly Tree[], Y extends Tree> {
  /** One step: reads the inputs, replaces the state, returns the output. */
  run(...inputs: I): Promise<Y>;
  /** A copy of the state. */
  state(): Promise<S>;
  setState(state: S): Promise<void>;
  dispose(): Promise<void>;
  readonly statistics: ExecutableStatistics;
}

/** Compiles `step` as one program; its state starts as `initial`, stays on the backend and is replaced in place by each run. */
export async function compileStep<S extends Tree, I extends readonly Tree[], Y extends Tree>(
  step: (state: S, ...inputs: I) => { state: S; output: Y },
  initial: S,
  inputs: I,
  options: CompileFunctionOptions = {},
): Promise<Session<S, I, Y>> {
  const { backend = reference() } = options;
  const states = leavesOf(initial);
  const { program, result } = trace((...args: readonly [S, ...I]) => {
    const [state, ...rest] = args;
    return step(state, ...rest);
  }, [initial, ...inputs]);
  const after = new Map(leavesOf(result.state).map(({ path, tensor }) => [path, tensor]));
  if (after.size !== states.length || states.some(({ path }) => !after.has(path))) {
    throw new TensorError(`compileStep: the step must return the state ${states.map((s) => s.path).join(", ")}; it returned ${[...after.keys()].join(", ")}`);
  }
  const outputs = [...states.map(({ path }) => after.get(path)!), ...tensorsOf(result.output)];
  const executable = await backend.compile(
    { ...program, outputs },
    { state: states.map((_, i) => ({ input: i, output: i })) },
  );
  await executable.writeState(arraysOf(initial, "compileStep: initial state"));
  return {
    run: async (...args) => treeFrom(result.output, await executable.run(args.flatMap((arg) => arraysOf(arg, "run")))),
    state: async () => treeFrom(initial, await executable.readState()),
    setState: (state) => executable.writeState(arraysOf(state, "setState")),
    dispose: () => executable.dispose(),
    statistics: executable.statistics,
  };
}

function arraysOf(tree: Tree, operation: string): ArrayTensor[] {
  return leavesOf(tree).map(({ path, tensor }) => {
    if (isArray(tensor)) return tensor;
    throw new TensorError(`${operation}: ${path || "the argument"} ${describe(tensor)} is a symbol without values`);
  });
}
