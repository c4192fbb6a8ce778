import { expectOnBackend } from "@sluice/compiler/testing";
import { leavesOf, valueAndGradAux, valuesOf, type Backend, type Tree } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
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
 * Outputs and gradients on a backend equal those of the reference backend for the same optimized program, bit for bit
 * or within a relative tolerance. Compiles one program.
 */
export async function onBackend(subject: Subject, backend: Backend, tolerance: number): Promise<void> {
  const given = trained(subject);
  const f = (at: Trained, modalities: Modalities): Tree =>
    valueAndGradAux((point: Trained) => {
      const fused = run(subjectAt({ ...subject, modalities }, point));
      return { value: weighed(fused), aux: allOf(fused) };
    })(at);
  const modalities = ragged(missing(subject.modalities));
  const optimized = await expectOnBackend(f, [given, modalities], { backend, tolerance });
  // The optimized program has the values of the plain run, up to the order of sums.
  leavesOf(f(given, modalities)).forEach(({ path, tensor }, i) =>
    expectNear(`optimized ${path}`, valuesOf(optimized[i]!.tensor), valuesOf(tensor), 1e-4),
  );
}
