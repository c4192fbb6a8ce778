import { TensorError } from "@sluice/tensor";
import { nth, shown } from "@sluice/tensor/internal";
import { checkClassOptions, columnsOf } from "./class-rows.ts";
import { confusionMetric } from "./confusion-matrix.ts";
import { checkThreshold, type PredictedClassOptions } from "./predicted-class.ts";
import type { NotDefined, StreamingMetric } from "./streaming-metric.ts";
import type { SumsState } from "./sums-metric.ts";

/** Options of {@link precision}, {@link recall} and {@link f1}. */
export interface ClassAverageOptions extends PredictedClassOptions {
  /**
   * How the classes are combined, with scikit-learn's names. "binary": the value of class 1, of two classes; "macro": the
   * mean over the classes that occur among targets or predictions; "weighted": the mean weighted by the targets of each
   * class; "micro": the value of all rows together. Default "binary".
   */
  readonly average?: "binary" | "macro" | "weighted" | "micro";
  /** The value of a class whose own is 0 / 0, such as the precision of one that is never predicted. Default: not defined. */
  readonly zeroDivision?: 0 | 1;
}

/** Rows of one class. */
interface Hits {
  /** Of the class, and predicted as it. */
  readonly right: number;
  /** Of the class. */
  readonly targets: number;
  /** Predicted as the class. */
  readonly predicted: number;
}

/** A metric of each class's hits: `numerator / denominator`, combined over classes. */
export function classAverage(
  name: string,
  options: ClassAverageOptions,
  ratioOf: (hits: Hits) => readonly [numerator: number, denominator: number],
): StreamingMetric<number, SumsState> {
  checkClassOptions(name, options, ["threshold", "average", "zeroDivision"]);
  checkThreshold(name, options);
  const { average = "binary", zeroDivision } = options;
  if (!["binary", "macro", "weighted", "micro"].includes(average))
    throw new TensorError(
      `${name}: expected average as "binary", "macro", "weighted" or "micro", got ${shown(average)}`,
    );
  if (zeroDivision !== undefined && ![0, 1].includes(zeroDivision))
    throw new TensorError(`${name}: expected zeroDivision as 0 or 1, got ${shown(zeroDivision)}`);
  const metric = confusionMetric(name, "higher", options, (counts, classes): number | NotDefined => {
    const hits = hitsOf(counts, classes);
    const shares = sharesOf(hits, average);
    const total = shares.reduce((sum, { share }) => sum + share, 0);
    let value = 0;
    for (const { label, hits: own, share } of shares) {
      const [numerator, denominator] = ratioOf(own);
      const ratio = denominator === 0 ? zeroDivision : numerator / denominator;
      if (ratio === undefined)
        return { notDefined: `${name}: 0 / 0 for ${label}; zeroDivision says what it counts as` };
      value += share * ratio;
    }
    return value / total;
  });
  return average === "binary" ? withTwoClasses(metric) : metric;
}

function hitsOf(counts: Float64Array, classes: number): Hits[] {
  const all = Array.from({ length: classes }, (_, i) => i);
  const at = (target: number, predicted: number): number => nth(counts, target * classes + predicted);
  return all.map((own) => ({
    right: at(own, own),
    targets: all.reduce((sum, other) => sum + at(own, other), 0),
    predicted: all.reduce((sum, other) => sum + at(other, own), 0),
  }));
}

interface Share {
  readonly label: string;
  readonly hits: Hits;
  readonly share: number;
}

/** The groups of rows whose values are averaged, each with its share. */
function sharesOf(hits: readonly Hits[], average: NonNullable<ClassAverageOptions["average"]>): Share[] {
  const all = hits.map((own, i) => ({ label: `class ${i}`, hits: own, share: 1 }));
  switch (average) {
    case "binary":
      return all.slice(1);
    case "micro": {
      const sum = (part: keyof Hits): number => hits.reduce((total, own) => total + own[part], 0);
      return [
        {
          label: "all classes",
          hits: { right: sum("right"), targets: sum("targets"), predicted: sum("predicted") },
          share: 1,
        },
      ];
    }
    case "macro":
      return all.filter(({ hits: { targets, predicted } }) => targets > 0 || predicted > 0);
    case "weighted":
      return all.map((own) => ({ ...own, share: own.hits.targets })).filter(({ share }) => share > 0);
  }
}

/** The metric, with an error for batches of more than two classes. */
function withTwoClasses(metric: StreamingMetric<number, SumsState>): StreamingMetric<number, SumsState> {
  return {
    ...metric,
    update(state, prediction, target, counted) {
      const classes = columnsOf(metric.name, prediction, target);
      if (classes > 2)
        throw new TensorError(
          `${metric.name}: average: "binary" needs two classes, got ${classes}; write average: "macro", "weighted" or "micro"`,
        );
      return metric.update(state, prediction, target, counted);
    },
  };
}
