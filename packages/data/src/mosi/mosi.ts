import { key, keyFor, tensor, TensorError, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkKey, checkOptions } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { cited, mosi as facts } from "../facts.ts";
import { originOf, readFileSet, sumsOf, type FileSet } from "../folder.ts";
import { shuffled } from "../shuffle.ts";
import { parseMosi, widths, type Clip, type Utterance } from "./parse.ts";

/** Examples of {@link mosi}: one row is a clip, one step an utterance. */
export type Mosi = {
  /** Features of the words, `[clips, 63, 100]`; zeros beyond the length. */
  readonly text: Tensor;
  /** Features of the voice, `[clips, 63, 73]`; zeros beyond the length. */
  readonly audio: Tensor;
  /** Features of the face, `[clips, 63, 100]`; zeros beyond the length. */
  readonly video: Tensor;
  /** Utterances of the clip, 9 to 63, i32 `[clips]`. */
  readonly lengths: Tensor;
  /** The sentiment of each utterance: 0 negative, 1 positive; 0 beyond the length. i32 `[clips, 63]`. */
  readonly y: Tensor;
};

/** The data set of {@link mosi}, with the clips behind its rows. */
export interface MosiSet extends Dataset<Mosi> {
  /** The clips of each split, in the order of its rows, with names and transcripts. */
  readonly clips: Readonly<Record<"train" | "validation" | "test", readonly Clip[]>>;
}

/** Options of {@link mosi}. */
export interface MosiOptions {
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
  /** How many of the 62 training clips to hold out for validation. Default 10. */
  readonly validation?: number;
  /** The key that chooses the validation clips. Default `key(0)`. */
  readonly key?: ArrayTensor;
}

const files: FileSet = {
  name: "MOSI",
  files: [
    { path: "mosi/train.jsonl", sha256: "b5c621993bad328541a6a750a3f6f297b4ef38ff05f7171e3b5215516881d1d7" },
    { path: "mosi/test.jsonl", sha256: "28fcdea8ebe0fc4bdac619207a3e24b0c6a255008e2a2a75c8a3a8724fddad66" },
  ],
  obtain:
    "Take the utterance-level features of the bc-LSTM release (https://github.com/soujanyaporia/multimodal-sentiment-analysis), write them as one JSON object a line (clip, utterance, transcript, positive, text, audio, video) to mosi/train.jsonl and mosi/test.jsonl of your data folder, and set the data folder with --data or SLUICE_DATA.",
};
const [trainClips, steps] = [62, 63];

/**
 * CMU-MOSI (Zadeh et al. 2016, arXiv:1606.06259): the sentiment of each utterance of a film review, from words, voice
 * and face; the utterance-level features of bc-LSTM (Poria et al. 2017, ACL). A row is a clip: the utterances of one
 * speaker in order. The published split has 62 training clips (1,447 utterances) and 31 test clips (752). Whole clips
 * are held out for validation, because the utterances of a clip have one speaker.
 *
 * The text and video features have seen the labels of all training clips, so validation clips are no clean measure: fix
 * the number of epochs beforehand. Throws a {@link DataError} if a file is missing or damaged.
 */
export async function mosi(options: MosiOptions = {}): Promise<MosiSet> {
  checkOptions("mosi", options, ["folder", "validation", "key"], { data: "folder", seed: "key" });
  if (options.key !== undefined) checkKey("mosi", options.key);
  const held = checkCount("mosi", "validation", options.validation ?? 10, 0);
  if (held > trainClips)
    throw new TensorError(`mosi: validation ${held} is more than the ${trainClips} training clips`);
  const [training = [], test = []] = (await readFileSet(files, options.folder)).map((bytes, i) =>
    parseMosi(new TextDecoder().decode(bytes), originOf(files, i)),
  );
  const order = shuffled(keyFor(options.key ?? key(0), "mosi"), training.length);
  const chosen = new Set(order.slice(0, held));
  const clips = {
    train: training.filter((_, i) => !chosen.has(i)),
    validation: training.filter((_, i) => chosen.has(i)),
    test,
  };
  return {
    name: "MOSI utterances",
    train: examplesOf(clips.train),
    validation: examplesOf(clips.validation),
    test: examplesOf(clips.test),
    provenance: {
      source:
        "CMU-MOSI (Zadeh et al. 2016, arXiv:1606.06259), utterance-level features of the bc-LSTM release (Poria et al. 2017)",
      ...cited(facts),
      files: sumsOf(files),
      split: `the published split of 62 and 31 clips; ${held} of the 62 clips held out whole for validation, chosen by a key`,
      caution:
        "The text and video features have seen the training labels, validation clips included: logistic regression reaches 97.9 % (text) and 91.5 % (video) on training clips that it was not fitted to, and 74.5 % and 51.5 % on the test clips. Fix the number of epochs beforehand. Labels are binary, so mean absolute error, correlation and 7-class accuracy cannot be computed. Of the test utterances 62.1 % are positive.",
    },
    classes: ["negative", "positive"],
    clips,
  };
}

function examplesOf(clips: readonly Clip[]): Mosi {
  const features = (name: keyof typeof widths): Tensor => {
    const width = widths[name];
    const x = new Float32Array(clips.length * steps * width);
    eachUtterance(clips, (utterance, at) => x.set(utterance[name], at * width));
    return tensor(x, [clips.length, steps, width]);
  };
  const y = new Int32Array(clips.length * steps);
  eachUtterance(clips, ({ positive }, at) => (y[at] = positive ? 1 : 0));
  return {
    text: features("text"),
    audio: features("audio"),
    video: features("video"),
    lengths: tensor(Int32Array.from(clips, ({ utterances }) => utterances.length)),
    y: tensor(y, [clips.length, steps]),
  };
}

function eachUtterance(clips: readonly Clip[], visit: (utterance: Utterance, at: number) => void): void {
  clips.forEach(({ utterances }, row) => utterances.forEach((utterance, t) => visit(utterance, row * steps + t)));
}
