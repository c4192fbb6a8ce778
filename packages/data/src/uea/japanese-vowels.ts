import { key, keyFor, tensor, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { DataError } from "../error.ts";
import { readFileSet, type FileSet } from "../folder.ts";
import { shuffled } from "../shuffle.ts";
import { parseUea, type UeaSeries } from "./parse.ts";

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

const files: FileSet = {
  name: "JapaneseVowels",
  files: [
    {
      path: "uea/JapaneseVowels/JapaneseVowels_TRAIN.ts",
      sha256: "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
    },
    {
      path: "uea/JapaneseVowels/JapaneseVowels_TEST.ts",
      sha256: "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    },
  ],
  obtain:
    "Download JapaneseVowels from https://www.timeseriesclassification.com/description.php?Dataset=JapaneseVowels, put the two .ts files under uea/JapaneseVowels of your data folder, and set the data folder with --data or SLUICE_DATA.",
};
const [steps, channels] = [29, 12];

/**
 * Japanese Vowels (Kudo, Toyama, Shimbo 1999; UEA archive): which of nine speakers said two vowels, from 12 LPC
 * cepstrum coefficients over 7 to 29 steps. Uses the published split of 270 training and 370 test utterances; a fixed
 * key chooses the validation utterances from the 270. Throws a {@link DataError} if a file is missing or damaged.
 */
export async function japaneseVowels(options: JapaneseVowelsOptions = {}): Promise<Dataset<JapaneseVowels>> {
  checkOptions("japaneseVowels", options, ["folder", "validation"], { data: "folder" });
  const held = checkCount("japaneseVowels", "validation", options.validation ?? 45, 0);
  if (held > 270) throw new TensorError(`japaneseVowels: validation ${held} is more than the 270 training utterances`);
  const [training, testing] = (await readFileSet(files, options.folder)).map((bytes, i) =>
    parseUea(new TextDecoder().decode(bytes), { set: files.name, file: files.files[i]!.path, obtain: files.obtain }),
  );
  const order = shuffled(keyFor(key(0), "japanese vowels"), training!.series.length);
  const chosen = (numbers: readonly number[]): UeaSeries[] => numbers.map((i) => training!.series[i]!);
  return {
    name: "Japanese vowels",
    train: examplesOf(chosen(order.slice(held))),
    validation: examplesOf(chosen(order.slice(0, held))),
    test: examplesOf(testing!.series),
    provenance: {
      source: "UEA archive, JapaneseVowels (Kudo, Toyama, Shimbo 1999, Pattern Recognition Letters 20)",
      licence: "as stated by the UCI Machine Learning Repository and the UEA archive",
      files: Object.fromEntries(files.files.map(({ path, sha256 }) => [path, sha256])),
      split: `the published split of 270 and 370; ${held} of the 270 held out for validation by a fixed key`,
      caution: "Published accuracies are for training on all 270 utterances.",
    },
    classes: training!.classes,
  };
}

function examplesOf(series: readonly UeaSeries[]): JapaneseVowels {
  const x = new Float32Array(series.length * steps * channels);
  series.forEach(({ channels: values }, i) => {
    if (values.length !== channels || values[0]!.length > steps) {
      throw new DataError({
        set: files.name,
        file: files.files[0]!.path,
        wrong: `series ${i + 1} has ${values.length} channels of ${values[0]?.length} steps`,
        obtain: files.obtain,
      });
    }
    values.forEach((channel, c) => channel.forEach((value, t) => (x[(i * steps + t) * channels + c] = value)));
  });
  return {
    x: tensor(x, [series.length, steps, channels]),
    lengths: tensor(Int32Array.from(series, ({ channels: [first] }) => first!.length)),
    y: tensor(Int32Array.from(series, ({ label }) => label)),
  };
}
