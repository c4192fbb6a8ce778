import type { Dataset } from "../dataset.ts";
import { fashionMnist as facts } from "../facts.ts";
import { imageFiles, readImageSet, type Images, type ImagesOptions } from "./image-set.ts";

const files = imageFiles(
  "Fashion-MNIST",
  "fashion-mnist",
  [
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
  ],
  "Download the four .gz files from https://github.com/zalandoresearch/fashion-mnist (or install Debian's package dataset-fashion-mnist), put them under fashion-mnist of your data folder, and set the data folder with --data or SLUICE_DATA.",
);

/**
 * Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747): 70,000 pictures of clothes of 28x28 grey values, in the
 * format and the split sizes of {@link mnist}, with the same options and errors.
 */
export async function fashionMnist(options: ImagesOptions = {}): Promise<Dataset<Images>> {
  return readImageSet(
    {
      name: "Fashion-MNIST",
      operation: "fashionMnist",
      files,
      classes: [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
      ],
      source: "Fashion-MNIST (Zalando SE; Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747)",
      facts,
      caution: "Do not compare results with those of MNIST: this set is harder. Choose on the validation images.",
    },
    options,
  );
}
