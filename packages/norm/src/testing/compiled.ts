import { optimize } from "@sluice/compiler";
import {
  evaluate,
  leavesOf,
  mul,
  normal,
  keyFor,
  reshape,
  select,
  sum,
  tensorsOf,
  recordProgram,
  TensorError,
  valueAndGradAux,
  valuesOf,
  type Backend,
  type Tensor,
} from "@sluice/tensor";
import { stacked } from "./laws.ts";
import { applied, arrayOf, batch, flags, root, type Subject, type Tensors } from "./subject.ts";

/**
 * Outputs, gradients and updated buffers on a backend: those of the reference backend for the same optimized program,
 * to the bit, or within a relative tolerance.
 */
export async function onBackend(subject: Subject, backend: Backend, tolerance: number): Promise<void> {
  const { normalizer, part, params, buffers, x, stepIndex } = subject;
  const inputs = { params, buffers, x, stepIndex, active: flags([1, 0, 1, 1, 0]) };
  const f = (given: typeof inputs) => {
    const at = { ...subject, ...given };
    const step = valueAndGradAux((of: { params: Tensors; x: Tensor }) => {
      const { output, observed } = applied({ ...at, ...of }, { training: true, active: given.active });
      const counts: Tensor = reshape(given.active, [batch, ...x.shape.slice(1).map(() => 1)]);
      const weighted = mul(select(counts, output, 0), normal(keyFor(root, "upstream"), output.shape));
      return { value: sum(weighted), aux: { output, observed } };
    })({ params: given.params, x: given.x });
    const after = normalizer.update?.(given.buffers, stacked([step.aux.observed, step.aux.observed])) ?? {};
    return { step, after, evaluated: applied(at, { training: false }).output };
  };
  const { program, result } = recordProgram(f, [inputs]);
  const values = tensorsOf(inputs).map(arrayOf);
  const executable = await backend.compile(program);
  try {
    const found = await executable.run(values);
    const expected = evaluate(optimize(program), values);
    leavesOf(result).forEach(({ path }, i) => {
      const [a, b] = [found[i], expected[i]];
      if (a === undefined || b === undefined) throw new TensorError(`${part}: no result ${path}`);
      compare(`${part}: ${path}`, valuesOf(a), valuesOf(b), tolerance);
    });
  } finally {
    await executable.dispose();
  }
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
