import { fsdd, mnist, type FsddOptions, type Images, type SpokenDigits } from "@sluice/data";
import {
  argsort,
  concat,
  full,
  key,
  keyFor,
  tensor,
  uniform,
  valuesOf,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { rowsOf } from "@sluice/train";

export const modalities = ["image", "sound"] as const;
export type Modality = (typeof modalities)[number];

/** Those who speak; each is left out in one fold. */
export const speakers = [
  "george",
  "jackson",
  "lucas",
  "nicolas",
  "theo",
  "yweweler",
] as const satisfies readonly NonNullable<FsddOptions["leaveOut"]>[];

/** Features of one step: a row of pixels, and the cepstral coefficients of 20 ms. */
export const features: { readonly [name in Modality]: number } = { image: 28, sound: 13 };

/** Pairs of an image and a recording of the same digit. */
export type Pairs = {
  /** Grey values from 0 to 1, row by row, `[pairs, 28, 28]`. */
  readonly image: Tensor;
  /** Cepstral coefficients in standard deviations of the training frames, `[pairs, frames, 13]`. */
  readonly sound: Tensor;
  /** Frames of each recording, i32 `[pairs]`. */
  readonly lengths: Tensor;
  /** Which pairs have a modality, bool `[pairs]` each. */
  readonly present: { readonly [name in Modality]: Tensor };
  /** The digit, i32 `[pairs]`. */
  readonly y: Tensor;
};

/** Mel-frequency cepstral coefficients: 13 of 25 ms, every 160 samples of 8,000 Hz. */
const cepstra = { features: "mfcc", audio: { hop: 160 } } as const;

/** How many images there are, and with how many of them each recording is paired. */
export interface PairOptions {
  readonly folder: string | null;
  readonly leaveOut: (typeof speakers)[number];
  readonly trainImages: number;
  readonly testImages: number;
  readonly each: number;
  readonly seed: number;
}

/**
 * The pairs of one fold. Every test recording is of the speaker who was left out, and all training recordings are of the
 * others; test images are of MNIST's test set, and training images of its training set. So neither a voice nor an image
 * of the test was met in training.
 */
export async function readPairs({ folder, leaveOut, trainImages, testImages, each, seed }: PairOptions) {
  const sounds = await fsdd({ folder, leaveOut, ...cepstra });
  const images = await mnist({ folder, train: trainImages, validation: 0, test: testImages });
  // Nothing is chosen by validation, so the speaker whom the loader keeps for it is trained on too.
  const heard = sounds.validation === undefined ? sounds.train : joined(sounds.train, sounds.validation);
  const scale = scaleOf(heard);
  const root = keyFor(key(seed), "pairs");
  return {
    train: paired(rescaled(heard, scale), images.train, { each, key: keyFor(root, "train") }),
    test: paired(rescaled(sounds.test, scale), images.test, { each: 1, key: keyFor(root, "test") }),
  };
}

/** The SHA-256 of the files of both sets. */
export async function filesOf(folder: string | null): Promise<Readonly<Record<string, string>>> {
  const images = await mnist({ folder, train: 1, validation: 0, test: 1 });
  return { ...(await fsdd({ folder, ...cepstra })).provenance.files, ...images.provenance.files };
}

/**
 * Pairs each recording with `each` images of its digit, drawn at random. An image comes again only when all images of its
 * digit have been drawn. The rows are the recordings in order, `each` times.
 */
export function paired(
  sounds: Pick<SpokenDigits, "x" | "lengths" | "y">,
  images: Images,
  { each, key }: { readonly each: number; readonly key: ArrayTensor },
): Pairs {
  const labels = valuesOf(images.y);
  const order = valuesOf(argsort(uniform(key, [labels.length])));
  const byDigit = Array.from({ length: 10 }, (_, digit) => Array.from(order).filter((row) => labels[row] === digit));
  const used = new Array<number>(10).fill(0);
  const recordings = Array.from({ length: each }, () => Array.from(valuesOf(sounds.y).keys())).flat();
  const { x, lengths, y } = rowsOf({ x: sounds.x, lengths: sounds.lengths, y: sounds.y }, Int32Array.from(recordings));
  const shown = Int32Array.from(valuesOf(y), (digit) => {
    const own = byDigit[digit] ?? [];
    const next = used[digit] ?? 0;
    used[digit] = next + 1;
    const image = own[next % own.length];
    if (image === undefined) throw new Error(`audio-visual-digits: none of ${labels.length} images is a ${digit}`);
    return image;
  });
  return { image: rowsOf(images.x, shown), sound: x, lengths, present: allPresent(shown.length), y };
}

/** The pairs as if none had another modality than those in `kept`. */
export function withOnly(pairs: Pairs, kept: readonly Modality[]): Pairs {
  const flags = (name: Modality): Tensor => full([pairs.y.shape[0] ?? 0], Number(kept.includes(name)), "bool");
  return { ...pairs, present: { image: flags("image"), sound: flags("sound") } };
}

const allPresent = (pairs: number): Pairs["present"] => ({
  image: full([pairs], 1, "bool"),
  sound: full([pairs], 1, "bool"),
});

type Recordings = Pick<SpokenDigits, "x" | "lengths" | "y">;

const joined = (a: Recordings, b: Recordings): Recordings => ({
  x: concat([a.x, b.x], 0),
  lengths: concat([a.lengths, b.lengths], 0),
  y: concat([a.y, b.y], 0),
});

/** Mean and standard deviation of each coefficient. */
type Scale = readonly { readonly mean: number; readonly deviation: number }[];

/** The scale of the real frames. */
export function scaleOf({ x, lengths }: Recordings): Scale {
  const width = x.shape[2] ?? 0;
  const values = valuesOf(x);
  const frames = framesOf(x, lengths);
  return Array.from({ length: width }, (_, coefficient) => {
    const own = frames.map((frame) => values[frame * width + coefficient] ?? 0);
    const mean = own.reduce((total, value) => total + value, 0) / own.length;
    const squares = own.reduce((total, value) => total + (value - mean) * (value - mean), 0);
    return { mean, deviation: Math.sqrt(squares / own.length) };
  });
}

/** The recordings in a scale, `[recordings, longest, coefficients]`; zeros beyond the lengths. */
export function rescaled({ x, ...rest }: Recordings, scale: Scale): Recordings {
  const [recordings = 0, frames = 0] = x.shape;
  const longest = Math.max(...valuesOf(rest.lengths));
  const values = valuesOf(x);
  const result = new Float32Array(recordings * longest * scale.length);
  for (const frame of framesOf(x, rest.lengths))
    scale.forEach(({ mean, deviation }, coefficient) => {
      const place = Math.floor(frame / frames) * longest + (frame % frames);
      result[place * scale.length + coefficient] =
        ((values[frame * scale.length + coefficient] ?? 0) - mean) / deviation;
    });
  return { x: tensor(result, [recordings, longest, scale.length]), ...rest };
}

/** The places of all real frames in `[recordings * frames]`. */
function framesOf({ shape: [recordings = 0, frames = 0] }: Tensor, lengths: Tensor): number[] {
  const counts = valuesOf(lengths);
  return Array.from({ length: recordings * frames }, (_, at) => at).filter(
    (at) => at % frames < (counts[Math.floor(at / frames)] ?? 0),
  );
}
