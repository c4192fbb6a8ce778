import { foldRows, type TrialContext } from "@sluice/study";
import { gather, reshape, sliceAxis, sub, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { auroc, evaluateMetric } from "@sluice/train";

/** The series that {@link recordBlocks} writes. */
export const byBlock = "auroc-by-block";

/** The AUROC in each of some blocks of test stays. */
export const line = "AUROC";

/**
 * The rows of each block: the stays in random order, the same for all trials, and in every block an equal share of those
 * who died.
 */
export function blocksOf(y: Tensor, blocks: number): readonly Int32Array[] {
  const classes = valuesOf(y);
  return Array.from(
    { length: blocks },
    (_, index) => foldRows(classes.length, { index, of: blocks }, { seed: 0, classes }).test,
  );
}

/** Records the AUROC of every block. No patient is in two blocks, so these numbers are independent. */
export function recordBlocks(
  context: Pick<TrialContext, "series">,
  { logits, y, blocks }: { readonly logits: Tensor; readonly y: Tensor; readonly blocks: number },
): void {
  const areas = blocksOf(y, blocks).map((rows) => {
    const [of, died] = [gather(logits, tensor(rows)), gather(y, tensor(rows))];
    // Not the softmax: in f32 it makes scores equal that are not.
    return evaluateMetric(auroc(), sub(sliceAxis(of, 1, 1, 2), sliceAxis(of, 1, 0, 1)), reshape(died, [-1, 1]));
  });
  context.series(byBlock, {
    title: "AUROC in blocks of the test stays",
    x: { label: "block", values: areas.map((_, block) => block + 1) },
    y: { label: "AUROC" },
    lines: { [line]: areas.map((area) => (typeof area === "number" ? area : Number.NaN)) },
  });
}
