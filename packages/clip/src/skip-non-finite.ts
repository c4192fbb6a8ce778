import { add, and, convert, less, not, scalar, select, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import type { GradientTransform } from "./gradient-transform.ts";
import { treeNorm } from "./norm.ts";

/** Options of {@link skipNonFinite}. */
export interface SkipNonFiniteOptions {
  /**
   * After this many skipped steps in a row, the next step is not skipped. A run whose weights are beyond repair then
   * ends as diverged instead of silently making no progress. Default 10; Infinity skips without limit.
   */
  readonly consecutive?: number;
}

/** The number of skipped steps: in total, and since the last good step; both i32 []. */
type SkipState = { readonly skipped: Tensor; readonly consecutive: Tensor };

/** `skipped` is the total of the run, i32 []; `clipped` is 1 if this step is skipped. */
type SkipReport = { readonly norm: Tensor; readonly clipped: Tensor; readonly skipped: Tensor };

/**
 * Skips the whole update if an element of the gradients is NaN or infinite: `skip` is true, and neither weights nor
 * moments change.
 *
 * Reports `{ norm, clipped, skipped }`.
 */
export function skipNonFinite(options: SkipNonFiniteOptions = {}): GradientTransform<SkipState, SkipReport> {
  checkOptions("skipNonFinite", options, ["consecutive"]);
  const { consecutive: patience = 10 } = options;
  if (!(patience >= 1) || (patience !== Infinity && !Number.isInteger(patience))) {
    throw new TensorError(`skipNonFinite: expected consecutive as an integer >= 1 or Infinity, got ${shown(patience)}`);
  }
  const most = Math.min(patience, 2147483647);
  return {
    name: "skipNonFinite",
    init: () => ({ skipped: scalar(0, "i32"), consecutive: scalar(0, "i32") }),
    update(gradients, state) {
      const norm = treeNorm(gradients);
      const bad = not(less(treeNorm(gradients, "max"), Infinity));
      const skip = and(bad, less(state.consecutive, most));
      const skipped = add(state.skipped, convert(skip, "i32"));
      return {
        gradients,
        state: { skipped, consecutive: select(bad, add(state.consecutive, convert(skip, "i32")), 0) },
        report: { norm, clipped: convert(skip, norm.dtype), skipped },
        skip,
      };
    },
  };
}
