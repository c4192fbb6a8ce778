import { optimize } from "@sluice/compiler";
import {
  evaluate,
  leavesOf,
  recordProgram,
  TensorError,
  valueAndGradAux,
  valuesOf,
  type Backend,
  type Tree,
} from "@sluice/tensor";
import { isArray } from "@sluice/tensor/internal";
import {
  allOf,
  missing,
  ragged,
  run,
  subjectAt,
  trained,
  weighed,
  type Modalities,
  type Subject,
  type Trained,
} from "./subject.ts";

/**
 * Outputs and gradients on a backend: those of the reference backend for the same optimized program, to the bit, or
 * within a relative tolerance. It costs one compiled program.
 */
export async function onBackend(subject: Subject, backend: Backend, tolerance: number): Promise<void> {
  const given = trained(subject);
  const f = (at: Trained, modalities: Modalities): Tree =>
    valueAndGradAux((point: Trained) => {
      const fused = run(subjectAt({ ...subject, modalities }, point));
      return { value: weighed(fused), aux: allOf(fused) };
    })(at);
  const modalities = ragged(missing(subject.modalities));
  const { program, result } = recordProgram(f, [given, modalities]);
  const inputs = [given, modalities]
    .flatMap((tree: Tree) => leavesOf(tree))
    .map(({ tensor }) => {
      if (isArray(tensor)) return tensor;
      throw new TensorError("fusionSuite: expected values, got a symbol");
    });
  const expected = evaluate(optimize(program), inputs);
  const executable = await backend.compile(program);
  try {
    const found = await executable.run(inputs);
    leavesOf(result).forEach(({ path }, i) => compare(path, valuesOf(found[i]!), valuesOf(expected[i]!), tolerance));
  } finally {
    await executable.dispose();
  }
  // The optimized program has the values of the plain run, but for the order of sums.
  const plain = leavesOf(f(given, modalities));
  plain.forEach(({ path, tensor }, i) => compare(`optimized ${path}`, valuesOf(expected[i]!), valuesOf(tensor), 1e-4));
}

function compare(what: string, found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  const values = Array.from(expected);
  const magnitude = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  values.forEach((value, i) => {
    const other = found[i] ?? NaN;
    const same = tolerance === 0 ? Object.is(value, other) : Math.abs(value - other) <= tolerance * magnitude;
    if (!same) throw new TensorError(`${what}: ${other} at ${i}, where ${value} is expected (tolerance ${tolerance})`);
  });
}
