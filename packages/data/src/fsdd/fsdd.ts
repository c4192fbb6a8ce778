import { tensor, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkChoice, checkCount } from "../check.ts";
import type { MfccOptions } from "../audio/mfcc.ts";
import { parseWav } from "../audio/wav.ts";
import type { Dataset } from "../dataset.ts";
import { cited, fsdd as facts } from "../facts.ts";
import { DataError } from "../error.ts";
import { readMany, sumOfSums } from "../folder.ts";
import { soundFeatures, type SoundFeatures } from "./features.ts";

/** Examples of {@link fsdd}. */
export type SpokenDigits = {
  /**
   * Zeros beyond the length. `wave`: samples at 8,000 Hz, from -1 to 1, `[examples, 18262, 1]`. `logMel`, `mfcc`: frames
   * `[examples, time, bands or coefficients]`, by default `[examples, 229, 40]` and `[examples, 229, 13]`.
   */
  readonly x: Tensor;
  /** The number of samples, 1,148 to 18,262, or of frames, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The digit, 0 to 9, i32 `[examples]`. */
  readonly y: Tensor;
  /** Who speaks, as an index into `speakers`, i32 `[examples]`. */
  readonly speaker: Tensor;
};

/** The data set of {@link fsdd}, with its speakers. */
export interface SpokenDigitSet extends Dataset<SpokenDigits> {
  readonly speakers: readonly string[];
}

const speakers = ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"] as const;

/** Options of {@link fsdd}. */
export interface FsddOptions {
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
  /**
   * Leaves this speaker out: all their recordings are for testing, those of the next speaker (in alphabetical order,
   * after the last the first) for validation, those of the other four for training. Default: the official split, in
   * which each speaker is in every part.
   */
  readonly leaveOut?: (typeof speakers)[number];
  /**
   * In the official split, how many of the 45 training recordings of each digit and speaker are for validation: those
   * of the numbers from 5. Default 5.
   */
  readonly validation?: number;
  /**
   * What `x` holds: samples (`wave`, default), a logarithmic mel spectrogram in dB (`logMel`), or mel-frequency cepstral
   * coefficients (`mfcc`).
   */
  readonly features?: "wave" | "logMel" | "mfcc";
  /**
   * How the features are computed. Defaults for this rate: frames of 25 ms every 10 ms (`window: 200`, `hop: 80`,
   * `size: 256`), 40 bands, 13 coefficients; otherwise those of {@link logMel} and {@link mfcc}.
   */
  readonly audio?: Omit<MfccOptions, "rate">;
}

const set = "FSDD";
const directory = "fsdd/recordings";
const obtain =
  "Download https://github.com/Jakobovski/free-spoken-digit-dataset (version 1.0.10), put its folder recordings under fsdd of your data folder, and set the data folder with --data or SLUICE_DATA.";
/** The SHA-256 of what `sha256sum *` prints in the folder of all recordings. */
const sum = "1801eae019c063377d98f831d3f93574f259475df7332bb0e3d1b080fb5e6959";
const [rate, longest] = [8000, 18_262];

interface Recording {
  readonly digit: number;
  readonly speaker: number;
  readonly index: number;
}

/**
 * The Free Spoken Digit Dataset (Jackson et al., github.com/Jakobovski/free-spoken-digit-dataset): 3,000 recordings of
 * English digits, 50 of each digit by each of six speakers, as raw samples at 8,000 Hz or as features of frames. In the
 * official split the recordings numbered 0 to 4 are for testing. `leaveOut` tests on a speaker who was not heard in
 * training.
 *
 * Throws a {@link DataError} if a recording is missing or damaged.
 */
export async function fsdd(options: FsddOptions = {}): Promise<SpokenDigitSet> {
  checkOptions("fsdd", options, ["folder", "leaveOut", "validation", "features", "audio"], {
    data: "folder",
    speaker: "leaveOut",
  });
  const { leaveOut } = options;
  const features = soundFeatures(options.features ?? "wave", options.audio, rate);
  if (leaveOut !== undefined) checkChoice("fsdd", "leaveOut", leaveOut, speakers);
  const held = checkCount("fsdd", "validation", options.validation ?? 5, 0);
  if (held > 45)
    throw new TensorError(`fsdd: validation ${held} is more than the 45 training recordings of each digit and speaker`);
  const recordings = speakers.flatMap((_, speaker) =>
    Array.from({ length: 500 }, (_, n): Recording => ({ speaker, digit: Math.floor(n / 50), index: n % 50 })),
  );
  const samples = await readRecordings(recordings, options.folder);
  const partOf = leaveOut === undefined ? officialPart(held) : leftOutPart(speakers.indexOf(leaveOut));
  const part = (name: Part): SpokenDigits =>
    examplesOf(
      recordings.flatMap((one, i) =>
        partOf(one) === name ? [{ ...one, samples: samples[i] ?? new Float32Array() }] : [],
      ),
      features,
    );
  const division = leaveOut === undefined ? "official split" : `${leaveOut} left out`;
  return {
    name: ["FSDD", division, features.description].filter((text) => text !== "").join(", "),
    train: part("train"),
    validation: part("validation"),
    test: part("test"),
    provenance: {
      source: "Free Spoken Digit Dataset 1.0.10 (Jackson et al., github.com/Jakobovski/free-spoken-digit-dataset)",
      ...cited(facts),
      files: { [directory]: sum },
      split:
        leaveOut === undefined
          ? `official: recordings 0 to 4 of each digit and speaker for testing; the next ${held} for validation`
          : `by speaker: ${leaveOut} for testing, ${speakers[nextOf(speakers.indexOf(leaveOut))]} for validation, the others for training`,
      caution:
        leaveOut === undefined
          ? "The official split has the same six speakers in every part, so it says nothing of other voices: also report the mean over the six speakers left out in turn."
          : "One speaker left out of six: report the mean over all six, and do not compare it with results of the official split.",
    },
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
    speakers,
  };
}

type Part = "train" | "validation" | "test";
const nextOf = (speaker: number): number => (speaker + 1) % speakers.length;

const officialPart =
  (held: number) =>
  ({ index }: Recording): Part =>
    index < 5 ? "test" : index < 5 + held ? "validation" : "train";

const leftOutPart =
  (left: number) =>
  ({ speaker }: Recording): Part =>
    speaker === left ? "test" : speaker === nextOf(left) ? "validation" : "train";

const nameOf = ({ digit, speaker, index }: Recording): string => `${digit}_${speakers[speaker]}_${index}.wav`;

/** The samples of all recordings, once their sums together are the expected one. */
async function readRecordings(
  recordings: readonly Recording[],
  folder: string | null | undefined,
): Promise<Float32Array[]> {
  const names = recordings.map(nameOf);
  const files = await readMany(
    { name: set, obtain },
    names.map((name) => `${directory}/${name}`),
    folder,
  );
  const found = await sumOfSums(names, files);
  const samples = files.map((bytes, i) => {
    const file = `${directory}/${names[i]}`;
    const sound = parseWav(bytes, { set, file, obtain });
    if (sound.rate === rate && sound.samples.length <= longest) return sound.samples;
    const wrong = `it has ${sound.samples.length} samples at ${sound.rate} Hz, expected at most ${longest} at ${rate} Hz`;
    throw new DataError({ set, file, wrong, obtain });
  });
  if (found === sum) return samples;
  const wrong = `damaged or another version: the SHA-256 of its ${names.length} sums is ${found}, expected ${sum}`;
  throw new DataError({ set, file: directory, wrong, obtain });
}

function examplesOf(
  recordings: readonly (Recording & { readonly samples: Float32Array })[],
  { width, stepsOf, of }: SoundFeatures,
): SpokenDigits {
  const time = stepsOf(longest);
  const x = new Float32Array(recordings.length * time * width);
  recordings.forEach(({ samples }, row) => x.set(of(samples), row * time * width));
  const numbers = (read: (one: (typeof recordings)[number]) => number): Tensor =>
    tensor(Int32Array.from(recordings, read));
  return {
    x: tensor(x, [recordings.length, time, width]),
    lengths: numbers(({ samples }) => stepsOf(samples.length)),
    y: numbers(({ digit }) => digit),
    speaker: numbers(({ speaker }) => speaker),
  };
}
