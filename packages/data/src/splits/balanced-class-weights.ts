import { tensor, TensorError, type Tensor } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import { rowValues, type RowValues } from "./parts.ts";

/**
 * Weights with which every class counts the same in a loss: `n / (classes * n_c)` for a class with `n_c` of the `n`
 * rows (scikit-learn's "balanced"), f32 `[classes]`. `labels` are class numbers from 0. Give it those of the training
 * rows only. Throws a TensorError if a class has no row.
 */
export function balancedClassWeights(labels: RowValues, classes: number): Tensor {
  checkCount("balancedClassWeights", "classes", classes, 1);
  const values = rowValues("balancedClassWeights", "labels", labels);
  const counts = new Float64Array(classes);
  values.forEach((label, row) => {
    if (typeof label !== "number" || !Number.isInteger(label) || label < 0 || label >= classes)
      throw new TensorError(
        `balancedClassWeights: the label of row ${row} is ${shown(label)}, expected an integer from 0 to ${classes - 1}`,
      );
    counts[label] = (counts[label] ?? 0) + 1;
  });
  const absent = counts.indexOf(0);
  if (absent >= 0) throw new TensorError(`balancedClassWeights: the class ${absent} has no row, so it has no weight`);
  return tensor(Float32Array.from(counts, (count) => values.length / (classes * count)));
}
