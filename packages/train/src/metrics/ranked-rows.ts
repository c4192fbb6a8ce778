import { TensorError, type Tensor } from "@sluice/tensor";
import { nth, shown } from "@sluice/tensor/internal";
import { checkClassOptions, classRows, columnsOf, type ClassOptions, type ClassRows } from "./class-rows.ts";
import { notANumber, nothingCounts } from "./sums-metric.ts";
import type { CountedOptions, NotDefined, StreamingMetric } from "./streaming-metric.ts";

/** Options of {@link auroc} and {@link auprc}. */
export interface RankingOptions extends ClassOptions {
  /**
   * How more than two classes are combined, each against the rest. "macro": the mean over classes; "weighted": the mean
   * weighted by the targets of each class. Default "macro".
   */
  readonly average?: "macro" | "weighted";
  /**
   * What a class without targets does, where there are more than two classes. "skip": the mean is over the other
   * classes. Default "refuse": the metric is not defined.
   */
  readonly absentClasses?: "refuse" | "skip";
}

/** The state of a metric that ranks all rows: their scores, targets and weights. */
export interface RankedState {
  /** The rows of each batch. */
  readonly batches: readonly ClassRows[];
}

/** Rows that have the same score. */
interface Tie {
  /** The weight of the positive and of the negative rows. */
  readonly positive: number;
  readonly negative: number;
}

/** The area under a curve, or why there is none. */
type AreaOf = (ties: readonly Tie[]) => number | NotDefined;

/**
 * A metric of the order of the scores. It keeps the scores of all rows that count, 8 bytes for each class, because no
 * smaller state gives the exact value.
 */
export function rankingMetric(
  name: string,
  options: RankingOptions,
  areaOf: AreaOf,
): StreamingMetric<number, RankedState> {
  checkClassOptions(name, options, ["average", "absentClasses"]);
  const { average = "macro", absentClasses = "refuse" } = options;
  if (average !== "macro" && average !== "weighted")
    throw new TensorError(`${name}: expected average as "macro" or "weighted", got ${shown(average)}`);
  if (absentClasses !== "refuse" && absentClasses !== "skip")
    throw new TensorError(`${name}: expected absentClasses as "refuse" or "skip", got ${shown(absentClasses)}`);
  return {
    name,
    better: "higher",
    init: () => ({ batches: [] }),
    update({ batches }, prediction: Tensor, target: Tensor, counted: CountedOptions = {}) {
      // One score per row ranks as well as its probability; and no two become equal by rounding.
      const scale = columnsOf(name, prediction, target) === 1 ? "as given" : "probabilities";
      const rows = classRows(name, { prediction, target, counted }, { ...options, scale });
      const columns = batches[0]?.columns ?? rows.columns;
      if (columns !== rows.columns)
        throw new TensorError(`${name}: this batch has ${rows.columns} classes, the batches before it have ${columns}`);
      return { batches: [...batches, rows] };
    },
    value({ batches }) {
      const nans = batches.reduce((sum, rows) => sum + rows.nans, 0);
      if (nans > 0) return notANumber(name, nans);
      if (batches.every(({ targets }) => targets.length === 0)) return nothingCounts(name);
      const columns = batches[0]?.columns ?? 1;
      if (columns <= 2) return areaOf(tiesOf(batches, columns - 1, 1));
      return overClasses(name, { average, absentClasses, areaOf, batches, columns });
    },
  };
}

interface Classes extends Required<Pick<RankingOptions, "average" | "absentClasses">> {
  readonly areaOf: AreaOf;
  readonly batches: readonly ClassRows[];
  readonly columns: number;
}

/** The mean over classes, each against the rest. */
function overClasses(name: string, { average, absentClasses, areaOf, batches, columns }: Classes): number | NotDefined {
  let [sum, total] = [0, 0];
  for (let label = 0; label < columns; label++) {
    const ties = tiesOf(batches, label, label);
    const targets = ties.reduce((weight, { positive }) => weight + positive, 0);
    if (targets === 0 && absentClasses === "skip") continue;
    const area = areaOf(ties);
    if (typeof area !== "number")
      return {
        notDefined: `${area.notDefined} for class ${label} against the rest${targets === 0 ? '; absentClasses: "skip" leaves it out' : ""}`,
      };
    const share = average === "macro" ? 1 : targets;
    sum += share * area;
    total += share;
  }
  return total === 0 ? nothingCounts(name) : sum / total;
}

/**
 * The rows by ascending score of a column, those with the same score together. Rows are ordered by score, target and
 * weight, so that the sums do not depend on the order in which they came.
 */
function tiesOf(batches: readonly ClassRows[], column: number, label: number): Tie[] {
  const count = batches.reduce((sum, { targets }) => sum + targets.length, 0);
  const [scores, weights] = [new Float64Array(count), new Float64Array(count)];
  const isPositive = new Uint8Array(count);
  let at = 0;
  for (const { scores: own, targets, weights: ofRows, columns } of batches)
    for (let row = 0; row < targets.length; row++, at++) {
      scores[at] = nth(own, row * columns + column);
      weights[at] = nth(ofRows, row);
      isPositive[at] = Number(targets[row] === label);
    }
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) =>
      difference(nth(scores, a), nth(scores, b)) ||
      nth(isPositive, a) - nth(isPositive, b) ||
      nth(weights, a) - nth(weights, b),
  );
  const ties: { score: number; positive: number; negative: number }[] = [];
  for (const row of order) {
    const score = nth(scores, row);
    let tie = ties.at(-1);
    if (tie?.score !== score) ties.push((tie = { score, positive: 0, negative: 0 }));
    tie[isPositive[row] === 1 ? "positive" : "negative"] += nth(weights, row);
  }
  return ties;
}

/** The sign of a - b, also for infinities. */
const difference = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
