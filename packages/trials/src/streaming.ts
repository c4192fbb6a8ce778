import { TensorError, valuesOf, type Tree } from "@sluice/tensor";
import { hasMembers } from "@sluice/tensor/internal";
import type { Parts, StreamingMetric, Weighted } from "@sluice/train";
import type { Counted } from "./counted.ts";

/** A streaming metric of any prediction and target. */
export type AnyStreamingMetric = StreamingMetric<number, object, Tree, Tree | undefined>;

/** Streaming metrics by name. */
type StreamingMetrics = Readonly<Record<string, AnyStreamingMetric>>;

/** Whether a metric streams over batches; the others are functions of one batch. */
export const isStreaming = (metric: unknown): metric is AnyStreamingMetric =>
  hasMembers(metric, { init: "function", update: "function", value: "function" });

/** The values of streaming metrics over a data set. */
interface StreamedValues {
  /** NaN where a value is not defined. */
  readonly metrics: { readonly [name: string]: number };
  /** Why, by the names of the metrics that are not defined. */
  readonly notDefined: { readonly [name: string]: string };
}

/** Streaming metrics during one evaluation. */
export interface Streams {
  add(batch: StreamedBatch): void;
  /** The values, given the loss over the data set. */
  values(loss: number): StreamedValues;
}

interface StreamedBatch {
  readonly batch: Weighted<Parts>;
  readonly output: Tree;
  /** What counts of the batch; called only if a metric streams. */
  readonly countedOf: () => Counted;
  readonly loss: number;
}

/** The metrics before the first batch. */
export function streamsOf(metrics: StreamingMetrics): Streams {
  const states = new Map(Object.entries(metrics).map(([name, metric]) => [name, metric.init()]));
  return {
    add({ batch, output, countedOf, loss }) {
      if (states.size === 0) return;
      // If this batch counts, the loss over the data set is NaN too. Its cause is found elsewhere, so no metric may
      // throw because of it first.
      if (Number.isNaN(loss) || valuesOf(batch.weight).every((weight) => weight === 0)) return;
      const counted = countedOf();
      for (const [name, metric] of Object.entries(metrics))
        states.set(name, metric.update(states.get(name) ?? metric.init(), output, batch["y"], counted));
    },
    values(loss) {
      const values = Object.entries(metrics).map(([name, metric]) => {
        const value = Number.isNaN(loss)
          ? { notDefined: "the loss is NaN" }
          : metric.value(states.get(name) ?? metric.init());
        return [name, value] as const;
      });
      return {
        metrics: Object.fromEntries(values.map(([name, value]) => [name, numberOf(name, value)])),
        notDefined: Object.fromEntries(
          values.flatMap(([name, value]) => (typeof value === "number" ? [] : [[name, value.notDefined]])),
        ),
      };
    },
  };
}

function numberOf(name: string, value: unknown): number {
  if (typeof value === "number") return value;
  if (hasMembers(value, { notDefined: "string" })) return NaN;
  throw new TensorError(
    `metrics.${name}: the value is not a number; call evaluateMetric with the predictions for metrics of other values`,
  );
}
