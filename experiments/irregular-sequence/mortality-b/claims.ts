import { meanInterval, meanTest, sampleMean, type Claim, type ClaimTest, type Results } from "@sluice/study";
import { byBlock, line } from "./blocks.ts";

/**
 * The one claim that set B was kept for. Set A was looked at before it was written: there GRU-D was ahead of GRU-mean in
 * the first folds of the study mortality.
 */
export const claims: readonly Claim[] = [
  {
    text: "On set B, which nothing was chosen by, GRU-D has a higher AUROC than GRU-mean (Che et al. 2016, table 2, on set A).",
    kind: "ordering",
    test: higherInBlocks("GRU-D", "GRU-mean"),
  },
];

/** With fewer seeds nothing is decided, as in the tests over seeds. */
const fewestSeeds = 5;

/**
 * Tests that a variant has the higher AUROC. The AUROC of each block of stays is averaged over the seeds, and the test is
 * Student's t of the differences of the blocks. So the verdict is about these trained models and other patients.
 */
export function higherInBlocks(variant: string, than: string): ClaimTest {
  return (results) => {
    const open = [variant, than].flatMap((name) => results.of({ task: "set B", variant: name }));
    const lost = open.filter(({ status }) => status !== "done").length;
    if (open.length < 2 * fewestSeeds || lost > 0)
      return {
        verdict: "undecided",
        because: `${open.length - lost} trials are done and ${lost} are not; needs all, and at least ${fewestSeeds} seeds of both`,
      };
    const [own, other] = [blockMeans(results, variant), blockMeans(results, than)];
    const gains = own.map((area, block) => area - (other[block] ?? Number.NaN));
    const { low, high } = meanInterval(gains);
    const [gain, p] = [sampleMean(gains), meanTest(gains)];
    const shown = (value: number): string => value.toFixed(3).replace("-", "−");
    return {
      verdict: p >= 0.05 ? "undecided" : gain > 0 ? "reproduced" : "not reproduced",
      because: `In blocks of patients the AUROC of ${variant} is ${shown(sampleMean(own))} on average and that of ${than} ${shown(sampleMean(other))}, a difference of ${shown(gain)} (95 % interval ${shown(low)} to ${shown(high)}, Student’s t over ${gains.length} blocks; means over ${open.length / 2} seeds), p = ${p.toPrecision(2)}`,
      p,
    };
  };
}

/** The AUROC of each block, as a mean over the seeds. */
function blockMeans(results: Results, variant: string): number[] {
  const areas = results
    .series({ task: "set B", variant, name: byBlock })
    .map(({ series }) => Array.from(series.lines[line] ?? []));
  const [first = []] = areas;
  return first.map((_, block) => sampleMean(areas.map((of) => of[block] ?? Number.NaN)));
}
