import { tensor, TensorError } from "@sluice/tensor";
import { checkOptions, cosF64, showShape, sinF64 } from "@sluice/tensor/internal";
import type { Initializer } from "./initializer.ts";
import { randomUniform } from "./random.ts";

/** Options of {@link planeRotations}: a range of angles, in radians. */
export interface PlaneRotationsOptions {
  /** Default -pi. */
  readonly low?: number;
  /** Default pi. */
  readonly high?: number;
}

/**
 * Square matrices that turn the planes of axes 1 and 2, 3 and 4, and so on, each by an angle t that is uniform on [low,
 * high): blocks `[[cos t, sin t], [-sin t, cos t]]`, so that `matmul(h, W)` turns rows h by t from the first axis to
 * the second (Henaff et al. 2016, arXiv:1602.06662). With an odd side the last axis stays as it is.
 */
export function planeRotations(options: PlaneRotationsOptions = {}): Initializer {
  checkOptions("planeRotations", options, ["low", "high"]);
  const { low = -Math.PI, high = Math.PI } = options;
  const angles = randomUniform({ low, high });
  return (key, shape, sizes) => {
    const [n = 0, columns] = shape;
    if (shape.length !== 2 || n !== columns)
      throw new TensorError(`planeRotations: expected a square matrix, got ${showShape(shape)}`);
    const matrix = new Float64Array(n * n);
    if (n % 2 === 1) matrix[n * n - 1] = 1;
    angles(key, [Math.floor(n / 2)], sizes).data.forEach((t, plane) => {
      const first = 2 * plane * (n + 1);
      matrix.set([cosF64(t), sinF64(t)], first);
      matrix.set([-sinF64(t), cosF64(t)], first + n);
    });
    return tensor(matrix, [n, n], { dtype: "f64" });
  };
}
