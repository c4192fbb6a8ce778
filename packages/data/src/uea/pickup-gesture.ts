import { key, keyFor, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { cited, pickupGestureWiimoteZ as facts } from "../facts.ts";
import { sumsOf } from "../folder.ts";
import { shuffled } from "../shuffle.ts";
import { archiveFiles, readArchive } from "./archive.ts";
import type { UeaSeries } from "./parse.ts";

/** Examples of {@link pickupGestureWiimoteZ}. */
export type PickupGesture = {
  /** Acceleration along the z axis, `[examples, 361, 1]`; zeros beyond the length. */
  readonly x: Tensor;
  /** Number of steps, 29 to 361, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The person, 0 to 9, i32 `[examples]`. */
  readonly y: Tensor;
};

/** Options of {@link pickupGestureWiimoteZ}. */
export interface PickupGestureOptions {
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
  /** How many of the 50 training series to hold out for validation, as many as possible of each class. Default 10. */
  readonly validation?: number;
}

const files = archiveFiles("PickupGestureWiimoteZ", [
  "4d303d9990df621c066fc454d62626e3721aed008462103500b86b1ac1ca92c8",
  "a9109bce918e48ee0e924e9cf2fdfdc4de364a3d88ec5e8aa44399ff08b11361",
]);

/**
 * PickupGestureWiimoteZ (Guna, Humar, Pogacnik 2012; UCR archive): which of ten people picks something up, from one
 * channel of acceleration over 29 to 361 steps. Uses the published split of 50 training and 50 test series; a fixed key
 * chooses the validation series from the 50. Throws a {@link DataError} if a file is missing or damaged.
 */
export async function pickupGestureWiimoteZ(options: PickupGestureOptions = {}): Promise<Dataset<PickupGesture>> {
  checkOptions("pickupGestureWiimoteZ", options, ["folder", "validation"], { data: "folder" });
  const held = checkCount("pickupGestureWiimoteZ", "validation", options.validation ?? 10, 0);
  if (held > 50) throw new TensorError(`pickupGestureWiimoteZ: validation ${held} is more than the 50 training series`);
  const { training, testing, classes, examples } = await readArchive(files, {
    folder: options.folder,
    time: 361,
    width: 1,
  });
  const order = byRank(training, shuffled(keyFor(key(0), "pickup gesture"), training.length));
  return {
    name: "Pickup gesture, Wiimote, z axis",
    train: examples(training, order.slice(held)),
    validation: examples(training, order.slice(0, held)),
    test: examples(testing),
    provenance: {
      source: "UCR archive, PickupGestureWiimoteZ (Guna, Humar, Pogacnik 2012)",
      ...cited(facts),
      files: sumsOf(files),
      split: `the published split of 50 and 50; ${held} of the 50 held out for validation by a fixed key, balanced over the classes`,
      caution:
        "Published accuracies are for training on all 50 series, often in the padded form (the _eq_ files), not at their own lengths. With 50 test series one more error is 2 %.",
    },
    classes,
  };
}

/** The first of each class in `order`, then the second of each, and so on. */
function byRank(series: readonly UeaSeries[], order: readonly number[]): number[] {
  const seen = new Map<number | undefined, number>();
  const ranked = order.map((row) => {
    const label = series[row]?.label;
    const rank = seen.get(label) ?? 0;
    seen.set(label, rank + 1);
    return { row, rank };
  });
  return ranked.sort((a, b) => a.rank - b.rank).map(({ row }) => row);
}
