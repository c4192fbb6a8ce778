import {
  clusterInterval,
  meanTest,
  sampleMean,
  type ClaimTest,
  type Results,
  type StoredSeries,
  type TrialContext,
  type Verdict,
} from "@sluice/study";
import { argmax, valuesOf, type Tensor } from "@sluice/tensor";
import { modalities, type Clips, type Modality } from "./clips.ts";

/** What is missing at test: one modality in all clips, or nothing. */
export const cases = ["nothing missing", ...modalities.map((name) => `${name} missing` as const)] as const;
export type Case = (typeof cases)[number];

/** The modalities that a case leaves. */
export const keptIn = (missing: Case): readonly Modality[] =>
  modalities.filter((name) => missing !== `${name} missing`);

/** The number of utterances of each clip that logits `[clips, utterances, 2]` answer right. */
export function rightByClip(logits: Tensor, { y, lengths }: Pick<Clips, "y" | "lengths">): number[] {
  const [answers, classes] = [valuesOf(argmax(logits)), valuesOf(y)];
  const utterances = y.shape[1] ?? 0;
  return Array.from(valuesOf(lengths), (length, clip) => {
    const from = clip * utterances;
    return answers.subarray(from, from + length).filter((answer, t) => answer === classes[from + t]).length;
  });
}

/** The share of all utterances that is right, in per cent. */
export function accuracyOf(right: readonly number[], { lengths }: Pick<Clips, "lengths">): number {
  const total = (counts: Iterable<number>): number => [...counts].reduce((sum, count) => sum + count, 0);
  return (100 * total(right)) / total(valuesOf(lengths));
}

/** The cases that claims are about. */
const claimed = ["nothing missing", "text missing"] as const satisfies readonly Case[];
export type ClaimedCase = (typeof claimed)[number];

/** The series that {@link recordByClip} writes. */
export const byClip = "right-by-clip";

/** Records the right answers of every test clip, for the statistics over clips, in the cases that claims are about. */
export function recordByClip(
  context: Pick<TrialContext, "series">,
  right: { readonly [name in Case]?: readonly number[] },
  { lengths }: Pick<Clips, "lengths">,
): void {
  const counts = Array.from(valuesOf(lengths));
  let total = 0;
  const ends = counts.map((count) => (total += count));
  context.series(byClip, {
    title: "Right answers in each test clip",
    x: { label: "last utterance of the clip", values: ends },
    y: { label: "right answers in the clip", unit: "%" },
    lines: Object.fromEntries(
      claimed.map((name) => [name, counts.map((count, clip) => (100 * (right[name]?.[clip] ?? Number.NaN)) / count)]),
    ),
  });
}

/** With fewer seeds nothing is decided, as in the tests over seeds. */
const fewestSeeds = 5;

/**
 * Tests that `variant` answers more utterances right than `than`. Utterances of a clip have one speaker, so whole clips
 * are compared: the interval draws clips (cluster bootstrap), and the p-value is that of Student's t test of the
 * differences in right answers of the clips. The answers of all seeds are averaged first, so the verdict is about these
 * trained models and other clips.
 */
export function moreAccurateByClip({
  task,
  variant,
  than,
  where = "nothing missing",
}: {
  readonly task: string;
  readonly variant: string;
  readonly than: string;
  readonly where?: ClaimedCase;
}): ClaimTest {
  return (results) => {
    const open = [variant, than].flatMap((name) => results.of({ task, variant: name }));
    const lost = open.filter(({ status }) => status !== "done");
    if (lost.length > 0 || open.length === 0)
      return { verdict: "undecided", because: `${lost.length} of ${open.length} trials are not done` };
    const [own, other] = [
      meanRight(results, { task, variant, where }),
      meanRight(results, { task, variant: than, where }),
    ];
    const seeds = Math.min(own.seeds, other.seeds);
    const compared = comparison(own, other, { variant, than, where });
    if (seeds < fewestSeeds)
      return { verdict: "undecided", because: `${compared.because}; needs at least ${fewestSeeds} seeds` };
    return compared;
  };
}

interface MeanRight {
  readonly seeds: number;
  /** The utterances of each clip, and how many of them are right in the mean over the seeds. */
  readonly counts: readonly number[];
  readonly right: readonly number[];
}

function meanRight(
  results: Results,
  { where, ...place }: { readonly task: string; readonly variant: string; readonly where: ClaimedCase },
): MeanRight {
  const series = results.series({ ...place, name: byClip }).map((found) => found.series);
  const [first] = series;
  if (first === undefined) throw new Error(`${place.variant} has no answers by clip`);
  const counts = first.x.values.map((end, clip) => end - (first.x.values[clip - 1] ?? 0));
  const shareOf = ({ lines }: StoredSeries, clip: number): number => (lines[where]?.[clip] ?? Number.NaN) / 100;
  return {
    seeds: series.length,
    counts,
    right: counts.map((count, clip) => count * sampleMean(series.map((each) => shareOf(each, clip)))),
  };
}

function comparison(
  own: MeanRight,
  other: MeanRight,
  { variant, than, where }: { readonly variant: string; readonly than: string; readonly where: ClaimedCase },
): Verdict {
  const gains = own.right.map((right, clip) => right - (other.right[clip] ?? Number.NaN));
  // An utterance of a clip counts as the clip's mean: then a clip weighs as much as it has utterances.
  const asClusters = (right: readonly number[]): number[][] =>
    own.counts.map((count, clip) => new Array<number>(count).fill((100 * (right[clip] ?? Number.NaN)) / count));
  const { estimate, low, high, method } = clusterInterval(asClusters(gains), { unit: "clips" });
  const p = meanTest(gains);
  const percent = ({ right, counts }: MeanRight): string => ((100 * sampleMean(right)) / sampleMean(counts)).toFixed(1);
  const verdict = p >= 0.05 || (low <= 0 && high >= 0) ? "undecided" : estimate > 0 ? "reproduced" : "not reproduced";
  return {
    verdict,
    because: `With ${where}, ${variant} is right in ${percent(own)} % of the utterances and ${than} in ${percent(other)} %, a difference of ${signed(estimate)} (95 % interval ${signed(low)} to ${signed(high)}, ${method}; answers averaged over ${own.seeds} seeds), p = ${p.toPrecision(2)} by a t test over the clips`,
    p,
  };
}

const signed = (value: number): string => value.toFixed(1).replace("-", "−");
