import type { Backend } from "@sluice/tensor";
import { checkMade, checkOptions } from "@sluice/tensor/internal";
import { checksOf, type Law, lawsOf, type RunLaw } from "@sluice/tensor/testing";
import type { GradientTransform } from "../gradient-transform.ts";
import { chainsWithItself, keepsSkippedState, nests } from "./chaining.ts";
import { onBackend } from "./compiled.ts";
import { empty, finite, keepsNaN } from "./numbers.ts";
import { changesNothing, keepsTypes, named, pure, resumes } from "./purity.ts";

/** One law, to be run as a test. */
export type TransformLaw = Law<TransformLawName>;

/** Options of {@link gradientTransformSuite}. */
export interface TransformSuiteOptions {
  /** Laws that do not hold for the transform, and why. */
  readonly except?: Partial<Readonly<Record<TransformLawName, string>>>;
  /** Where compiled steps must have the bits of eager evaluation. Without one the law is left out. */
  readonly backend?: Backend | undefined;
}

const laws = {
  "it has a name without dots, and reports scalars": named,
  "gradients and state keep paths, shapes and dtypes, in f32 and f64": keepsTypes,
  "the same gives the same, however often it is called and in what order": pure,
  "nothing that is given changes": changesNothing,
  "it continues from a saved state with the same bits": resumes,
  "zeros, and gradients from 1e-30 to 1e25, stay finite over steps": finite,
  "no NaN passes as a number: it stays NaN, or the step is skipped": keepsNaN,
  "there may be no parameters, and tensors without elements": empty,
  "chained with itself, each keeps its own state and draws its own random numbers": chainsWithItself,
  "it nests in chains": nests,
  "its state stays where another transform of the chain skips the step": keepsSkippedState,
} as const;

const backendLaw = "a backend has the bits of eager evaluation";

/** The name of a law that every gradient transform must obey. */
export type TransformLawName = keyof typeof laws | typeof backendLaw;

/**
 * The laws that every gradient transform must pass, as tests of any runner:
 *
 *     for (const { name, skip, run } of gradientTransformSuite(myClipper(1), { backend: wasm() }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * They look at `name`, `init` and `update`: no state outside the state, extreme numbers, chains, saving, and one
 * compiled program.
 */
export function gradientTransformSuite(
  transform: GradientTransform,
  options: TransformSuiteOptions = {},
): readonly TransformLaw[] {
  checkMade(
    "gradientTransformSuite",
    "the transform",
    transform,
    { init: "function", update: "function" },
    "globalNorm(1)",
  );
  checkOptions("gradientTransformSuite", options, ["except", "backend"]);
  const { except, backend } = options;
  const checks: Readonly<Record<TransformLawName, RunLaw>> = {
    ...checksOf(laws, () => transform),
    async [backendLaw]() {
      if (backend !== undefined) await onBackend(transform, backend);
    },
  };
  return lawsOf("gradientTransformSuite", checks, {
    except,
    untried: backend === undefined ? { [backendLaw]: "no backend is given" } : {},
  });
}
