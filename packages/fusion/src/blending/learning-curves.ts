import { TensorError } from "@sluice/tensor";
import { byName, checkNames } from "../names.ts";

/** A loss over training, at steps that increase. */
export interface LearningCurve {
  readonly steps: readonly number[];
  readonly training: readonly number[];
  readonly validation: readonly number[];
}

/** A row of the history of `fit` of `@sluice/trials`. */
export interface EvaluatedRow {
  readonly step: number;
  readonly training?: { readonly loss: number; readonly metrics: Readonly<Record<string, number | undefined>> };
  readonly validation?: { readonly loss: number; readonly metrics: Readonly<Record<string, number | undefined>> };
}

/**
 * The learning curve of each metric (or `"loss"`) of a history of `fit`: with {@link headMetrics}, of each modality. A
 * training value is the mean over the steps since the row before, as `fit` reports it. The first row, before the first
 * step, has none and is left out.
 *
 * Throws a TensorError if no row has both values of a metric.
 */
export function learningCurves<const M extends string>(
  history: readonly EvaluatedRow[],
  names: readonly M[],
): Readonly<Record<M, LearningCurve>> {
  checkNames("learningCurves", names);
  return byName(names, (name) => {
    const valueOf = (measured: EvaluatedRow["training"]): number | undefined =>
      name === "loss" ? measured?.loss : measured?.metrics[name];
    const points = history.flatMap(({ step, training, validation }) => {
      const [own, held] = [valueOf(training), valueOf(validation)];
      return own === undefined || held === undefined ? [] : [{ step, own, held }];
    });
    if (points.length === 0)
      throw new TensorError(
        `learningCurves: no row has ${name} of training and validation; give fit validation data and metrics: headMetrics(names, loss)`,
      );
    return {
      steps: points.map(({ step }) => step),
      training: points.map(({ own }) => own),
      validation: points.map(({ held }) => held),
    };
  });
}
