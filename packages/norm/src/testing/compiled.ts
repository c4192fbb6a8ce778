import { expectOnBackend } from "@sluice/compiler/testing";
import { keyFor, mul, normal, reshape, select, sum, valueAndGradAux, type Backend, type Tensor } from "@sluice/tensor";
import { stacked } from "./laws.ts";
import { applied, batch, flags, root, type Subject, type Tensors } from "./subject.ts";

/**
 * Outputs, gradients and updated buffers on a backend equal those of the reference backend for the same optimized
 * program, bit for bit or within a relative tolerance.
 */
export async function onBackend(subject: Subject, backend: Backend, tolerance: number): Promise<void> {
  const { normalizer, part, params, buffers, x, stepIndex } = subject;
  const inputs = { params, buffers, x, stepIndex, active: flags([1, 0, 1, 1, 0, 1]) };
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
  await expectOnBackend(f, [inputs], { backend, tolerance, what: `${part}: ` });
}
