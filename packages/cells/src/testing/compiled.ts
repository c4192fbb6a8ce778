import { optimize } from "@sluice/compiler";
import {
  evaluate,
  recordProgram,
  leavesOf,
  TensorError,
  valueAndGradAux,
  valuesOf,
  type Backend,
} from "@sluice/tensor";
import { arrayOf, type Subject } from "./subject.ts";
import { run, runAt, trained, weighed, type Results, type Trained } from "./laws.ts";

/**
 * Outputs, states and gradients on a backend: those of the reference backend for the same optimized program, to the
 * bit, or within a relative tolerance. It costs one compiled program.
 */
export async function onBackend(subject: Subject, backend: Backend, tolerance: number): Promise<void> {
  const given = trained(subject);
  const f = valueAndGradAux((at: Trained): { value: ReturnType<typeof weighed>; aux: Results } => {
    const results = runAt(subject, at, { lengths: [4, 2, 0] });
    return { value: weighed({ output: results.output, state: results.state }), aux: results };
  });
  const { program, result } = recordProgram(f, [given]);
  const inputs = leavesOf(given).map(({ tensor }) => arrayOf(tensor));
  const executable = await backend.compile(program);
  try {
    const found = await executable.run(inputs);
    const expected = evaluate(optimize(program), inputs);
    leavesOf(result).forEach(({ path }, i) => compare(path, valuesOf(found[i]!), valuesOf(expected[i]!), tolerance));
  } finally {
    await executable.dispose();
  }
  // The optimized program is the cell's own: its values are those of the plain run, but for the order of sums.
  const plain = valuesOf(run(subject, { lengths: [4, 2, 0] }).output);
  const optimized = evaluate(optimize(program), inputs);
  const at = leavesOf(result).findIndex(({ path }) => path === "aux.output");
  compare("the plain output", valuesOf(optimized[at]!), plain, 1e-5);
}

function compare(what: string, found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  const values = Array.from(expected);
  const magnitude = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  values.forEach((value, i) => {
    const other = found[i]!;
    const same = tolerance === 0 ? Object.is(value, other) : Math.abs(value - other) <= tolerance * magnitude;
    if (!same) throw new TensorError(`${what}: ${other} at ${i}, where ${value} is expected (tolerance ${tolerance})`);
  });
}
