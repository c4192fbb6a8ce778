import { evaluate, leavesOf, recordProgram, valuesOf, type Backend, type Tensor, type Tree } from "@sluice/tensor";
import { arrayOf, expectNear } from "@sluice/tensor/testing";
import { optimize } from "../passes/optimize.ts";

/** Options of {@link expectOnBackend}. */
export interface OnBackendOptions {
  /** Where the function runs. */
  readonly backend: Backend;
  /** How far results may be from the reference, relative to the largest value. Default 0: to the bit. */
  readonly tolerance?: number;
  /** Begins the error. Default none. */
  readonly what?: string;
}

/** A result of the optimized program on the reference backend. */
export interface OptimizedLeaf {
  readonly path: string;
  readonly tensor: Tensor;
}

/**
 * Throws an error where the results of a function on a backend are not those of the reference backend for the same
 * optimized program. It costs one compiled program. Returns what the reference gives.
 */
export async function expectOnBackend<A extends readonly Tree[]>(
  f: (...args: A) => Tree,
  args: A,
  { backend, tolerance = 0, what = "" }: OnBackendOptions,
): Promise<readonly OptimizedLeaf[]> {
  const { program, result } = recordProgram(f, args);
  const inputs = args.flatMap((tree) => leavesOf(tree)).map(({ tensor }) => arrayOf(tensor));
  const optimized = evaluate(optimize(program), inputs);
  const executable = await backend.compile(program);
  try {
    const found = await executable.run(inputs);
    return leavesOf(result).map(({ path }, i) => {
      const [own, tensor] = [found[i], optimized[i]];
      if (own === undefined || tensor === undefined) throw new Error(`${what}no result ${path}`);
      expectNear(what + path, valuesOf(own), valuesOf(tensor), tolerance);
      return { path, tensor };
    });
  } finally {
    await executable.dispose();
  }
}
