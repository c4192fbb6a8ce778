import { checkFunction, checkList } from "../arguments.ts";
import { checkShape } from "../shape.ts";
import type { SymbolTensor, Tensor, Type } from "../tensor.ts";
import { leavesOf, tensorsOf, treeFrom, type Tree } from "../tree.ts";
import { input, programOf, type Program } from "./program.ts";

/** The result of {@link recordProgram}. */
export interface RecordedProgram<R extends Tree> {
  readonly program: Program;
  /** The result as a tree of symbols: how the program's flat outputs are nested. */
  readonly result: R;
}

/**
 * Calls `f` with symbols in place of the tensors of `args` and records the operations that it applies. Give arguments
 * as arrays or as symbols; only their shapes and dtypes are used, and their paths become labels.
 */
export function recordProgram<A extends readonly Tree[], R extends Tree>(
  f: (...args: A) => R,
  args: A,
): RecordedProgram<R> {
  checkFunction("recordProgram", "the first argument", f);
  checkList("recordProgram", "the second argument", args, "[x]");
  const inputs = symbolsLike(args);
  const result = f(...treeFrom(args, inputs));
  return { program: programOf(inputs, tensorsOf(result)), result };
}

/** Fresh symbols of the types of a tree's tensors, labelled by their paths. */
export function symbolsLike(args: readonly Tree[]): SymbolTensor[] {
  return args.flatMap((arg) => leavesOf(arg).map(({ path, tensor }) => input(tensor, path)));
}

/** A tensor that has a type but no values yet: an argument to {@link recordProgram} or `compile`. */
export function placeholder(type: Type, label = ""): Tensor {
  checkShape("placeholder", type.shape);
  return input(type, label);
}
