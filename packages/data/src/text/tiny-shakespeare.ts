import { TensorError } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkChoice, checkCount } from "../check.ts";
import { cited, tinyShakespeare as facts } from "../facts.ts";
import { readFileSet, sumsOf, type FileSet } from "../folder.ts";
import { windows, type Characters, type CharacterSet } from "./windows.ts";

/** Options of {@link tinyShakespeare}. */
export interface TinyShakespeareOptions {
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
  /** Characters per window. Default 100. */
  readonly time?: number;
  /** Number the 65 `characters` of the text (default), or its `bytes`, with a vocabulary of 256. */
  readonly by?: "characters" | "bytes";
  /**
   * How many of the last 111,540 characters are for testing; those before them are for validation. Default 0: all are
   * for validation, as in most published results.
   */
  readonly test?: number;
}

const files: FileSet = {
  name: "tiny-shakespeare",
  files: [{ path: "text/input.txt", sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed" }],
  obtain:
    "Download https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt, put it at text/input.txt of your data folder, and set the data folder with --data or SLUICE_DATA.",
};
const [trainBytes, heldBytes] = [1_003_854, 111_540];

/**
 * tiny-shakespeare (Karpathy 2015, char-rnn): 1,115,394 characters of plays by Shakespeare, all ASCII. Predict the next
 * character. The first 90 % (1,003,854 characters) are for training, the rest for validation and testing. Each part is
 * cut into windows of `time` characters, one after the other; the last window of a part is left out if it is too short.
 *
 * The measure is the negative log-likelihood per character, in nats, or in bits if divided by log(2). Throws a
 * {@link DataError} if the file is missing or damaged.
 */
export async function tinyShakespeare(options: TinyShakespeareOptions = {}): Promise<CharacterSet> {
  checkOptions("tinyShakespeare", options, ["folder", "time", "by", "test"], { data: "folder", length: "time" });
  const time = checkCount("tinyShakespeare", "time", options.time ?? 100, 1);
  const { by = "characters" } = options;
  checkChoice("tinyShakespeare", "by", by, ["characters", "bytes"]);
  const testing = checkCount("tinyShakespeare", "test", options.test ?? 0, 0);
  if (testing > heldBytes)
    throw new TensorError(
      `tinyShakespeare: test ${testing} is more than the ${heldBytes} characters after the first 90 %`,
    );
  const [bytes = new Uint8Array()] = await readFileSet(files, options.folder);
  // All characters are ASCII, so each is one byte, and the order of bytes is that of characters.
  const present = [...new Set(bytes)].sort((a, b) => a - b);
  const numbers = new Int32Array(256).map((_, byte) => (by === "bytes" ? byte : present.indexOf(byte)));
  const vocabulary =
    by === "bytes"
      ? Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))
      : present.map((byte) => String.fromCharCode(byte));
  const end = bytes.length - testing;
  const part = (from: number, to: number): Characters =>
    windows(
      Int32Array.from(bytes.subarray(from, to), (byte) => numbers[byte] ?? 0),
      time,
    );
  return {
    name: `tiny-shakespeare by ${by}, windows of ${time}`,
    train: part(0, trainBytes),
    validation: part(trainBytes, end),
    test: part(end, bytes.length),
    provenance: {
      source: "tiny-shakespeare (Karpathy 2015, char-rnn)",
      ...cited(facts),
      files: sumsOf(files),
      split: `by place: the first ${trainBytes} characters for training, the next ${heldBytes - testing} for validation, the last ${testing} for testing`,
      caution:
        "Published values are of the last 10 % (a validation set that also chose the model), or of its last half. Windows begin with no state and leave out what does not fill one; carry the state on to compare with values of the whole text.",
    },
    classes: vocabulary,
    vocabulary,
  };
}
