import { key, keyFor, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { cited, japaneseVowels as facts } from "../facts.ts";
import { sumsOf } from "../folder.ts";
import { shuffled } from "../shuffle.ts";
import { archiveFiles, readArchive } from "./archive.ts";

/** Examples of {@link japaneseVowels}. */
export type JapaneseVowels = {
  /** LPC cepstrum coefficients, `[examples, 29, 12]`; zeros beyond the length. */
  readonly x: Tensor;
  /** Number of steps, 7 to 29, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The speaker, 0 to 8, i32 `[examples]`. */
  readonly y: Tensor;
};

/** Options of {@link japaneseVowels}. */
export interface JapaneseVowelsOptions {
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
  /** How many of the 270 training utterances to hold out for validation. Default 45. */
  readonly validation?: number;
}

const files = archiveFiles("JapaneseVowels", [
  "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
  "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
]);

/**
 * Japanese Vowels (Kudo, Toyama, Shimbo 1999; UEA archive): which of nine speakers said two vowels, from 12 LPC
 * cepstrum coefficients over 7 to 29 steps. Uses the published split of 270 training and 370 test utterances; a fixed
 * key chooses the validation utterances from the 270. Throws a {@link DataError} if a file is missing or damaged.
 */
export async function japaneseVowels(options: JapaneseVowelsOptions = {}): Promise<Dataset<JapaneseVowels>> {
  checkOptions("japaneseVowels", options, ["folder", "validation"], { data: "folder" });
  const held = checkCount("japaneseVowels", "validation", options.validation ?? 45, 0);
  if (held > 270) throw new TensorError(`japaneseVowels: validation ${held} is more than the 270 training utterances`);
  const { training, testing, classes, examples } = await readArchive(files, {
    folder: options.folder,
    time: 29,
    width: 12,
  });
  const order = shuffled(keyFor(key(0), "japanese vowels"), training.length);
  return {
    name: "Japanese vowels",
    train: examples(training, order.slice(held)),
    validation: examples(training, order.slice(0, held)),
    test: examples(testing),
    provenance: {
      source: "UEA archive, JapaneseVowels (Kudo, Toyama, Shimbo 1999, Pattern Recognition Letters 20)",
      ...cited(facts),
      files: sumsOf(files),
      split: `the published split of 270 and 370; ${held} of the 270 held out for validation by a fixed key`,
      caution: "Published accuracies are for training on all 270 utterances.",
    },
    classes,
  };
}
