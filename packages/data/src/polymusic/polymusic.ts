import { tensor, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset, Provenance } from "../dataset.ts";
import { cited, jsbChorales as jsbFacts, nottingham as nottinghamFacts, type Facts } from "../facts.ts";
import { originOf, readFileSet, sumsOf, type FileSet, type SetFile } from "../folder.ts";
import { keys, parsePianoRolls, type PianoRoll, type PianoRolls } from "./parse.ts";

/** Examples of {@link polymusic}: a row is a piece, or a part of one. */
export type Polymusic = {
  /** The keys that sound at each step, 0 or 1, `[examples, time, 88]`; zeros beyond the length. */
  readonly x: Tensor;
  /** The keys of the next step, 0 or 1, `[examples, time, 88]`; zeros beyond the length. */
  readonly y: Tensor;
  /** Steps with a next one, i32 `[examples]`. */
  readonly lengths: Tensor;
};

/** A set of {@link polymusic}, with its pieces. */
export interface PolymusicSet extends Dataset<Polymusic> {
  /** The whole pieces, ragged, as in the file. */
  readonly pieces: PianoRolls;
}

/** Options of {@link jsbChorales} and {@link nottingham}. */
export interface PianoRollOptions {
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
  /**
   * Cuts pieces into parts of at most this many predictions. Default: whole pieces in `jsbChorales`, 200 in
   * `nottingham`, whose longest piece has 1,793 steps. Infinity: whole pieces.
   */
  readonly steps?: number;
}

/** Options of {@link polymusic}. */
export interface PolymusicOptions extends PianoRollOptions {
  /** What the set is called. */
  readonly name: string;
  /** Its licence. Default "not stated". */
  readonly licence?: string;
  /** Where the set is from. Errors quote `obtain`. */
  readonly source?: string;
  /** How to get the file; errors end with it. */
  readonly obtain?: string;
}

const caution =
  "The metric is the negative log-likelihood in nats, summed over the 88 keys and averaged over the steps; steps beyond a length must not count. Here the first step of a piece is not predicted; some papers predict it too. Some papers average over pieces, others over steps; compare like with like.";

/**
 * A set of piano rolls in the format of {@link parsePianoRolls}: predict the keys of the next step from those before.
 * `file` is its path in the data folder and its SHA-256. The splits are those of the file. A step `t` of `y` is step
 * `t + 1` of the piece, so a piece of n steps has n - 1 predictions.
 *
 * The metric is the negative log-likelihood in nats, summed over the keys and averaged over the steps: with logits z,
 * `mean over steps of sum over keys of log(1 + exp(z)) - y z`.
 *
 * Throws a {@link DataError} if the file is missing or damaged.
 */
export async function polymusic(file: SetFile, options: PolymusicOptions): Promise<PolymusicSet> {
  checkFile(file);
  checkOptions("polymusic", options, ["folder", "steps", "name", "licence", "source", "obtain"], { data: "folder" });
  const { name, steps = Infinity } = options;
  if (typeof name !== "string" || name === "")
    throw new TensorError(`polymusic: name must be a text, such as "Piano-midi.de", got ${shown(name)}`);
  const {
    licence = "not stated",
    source = name,
    obtain = `Put the file at ${file.path} of your data folder.`,
  } = options;
  return read({ name, files: [file], obtain }, { licence, source, caution }, steps, options.folder, "polymusic");
}

/**
 * JSB Chorales: 382 four-part chorales by Bach, a step a quarter note, in the splits of Boulanger-Lewandowski et al.
 * 2012 (arXiv:1206.6392): 229, 76 and 77 pieces of 25 to 160 steps. Task, metric and errors are those of
 * {@link polymusic}.
 */
export async function jsbChorales(options: PianoRollOptions = {}): Promise<PolymusicSet> {
  checkOptions("jsbChorales", options, ["folder", "steps"], { data: "folder" });
  return read(
    fileOf("JSB Chorales", "jsb-chorales", "23728dcb0727eb3974cc88e8f96a39e1b03cf477f114ce3eda331430c459cb85"),
    described("JSB Chorales", jsbFacts),
    options.steps ?? Infinity,
    options.folder,
    "jsbChorales",
  );
}

/**
 * Nottingham: 1,037 British and American folk tunes with chords, in the splits of Boulanger-Lewandowski et al. 2012
 * (arXiv:1206.6392): 694, 173 and 170 pieces of 40 to 1,793 steps. Task, metric and errors are those of
 * {@link polymusic}.
 */
export async function nottingham(options: PianoRollOptions = {}): Promise<PolymusicSet> {
  checkOptions("nottingham", options, ["folder", "steps"], { data: "folder" });
  return read(
    fileOf("Nottingham", "nottingham", "a037bc5150cef833f753b23facbcfa95dda48bad73c545de5b2c10ad3f30b4b8"),
    {
      ...described("Nottingham", nottinghamFacts),
      caution: `${caution} One training piece is also a validation piece, and one a test piece.`,
    },
    options.steps ?? 200,
    options.folder,
    "nottingham",
  );
}

function fileOf(name: string, file: string, sha256: string): FileSet {
  return {
    name,
    files: [{ path: `polymusic/${file}.json`, sha256 }],
    obtain: `Get ${name} in the splits of Boulanger-Lewandowski from http://www-etud.iro.umontreal.ca/~boulanni/icml2012, write the keys of each step (MIDI note - 21) as JSON to polymusic/${file}.json of your data folder, and set the data folder with --data or SLUICE_DATA.`,
  };
}

type Described = Omit<Provenance, "files" | "split">;

const described = (name: string, facts: Facts): Described => ({
  source: `${name}, in the splits of Boulanger-Lewandowski, Bengio, Vincent 2012 (arXiv:1206.6392)`,
  ...cited(facts),
  caution,
});

function checkFile(file: SetFile): void {
  if (typeof file === "object" && file !== null && typeof file.path === "string" && typeof file.sha256 === "string")
    return;
  throw new TensorError(`polymusic: expected a file { path, sha256 }, got ${shown(file)}`);
}

async function read(
  files: FileSet,
  { caution, ...about }: Described,
  steps: number,
  folder: string | null | undefined,
  operation: string,
): Promise<PolymusicSet> {
  if (steps !== Infinity) checkCount(operation, "steps", steps, 1);
  const [bytes] = await readFileSet(files, folder);
  const { name } = files;
  const pieces = parsePianoRolls(new TextDecoder().decode(bytes), originOf(files, 0));
  const parts = [pieces.train, pieces.valid, pieces.test].map((split) => split.flatMap((piece) => cut(piece, steps)));
  const time = parts.flat().reduce((longest, part) => Math.max(longest, part.length - 1), 0);
  const [train = [], validation = [], test = []] = parts;
  return {
    name: steps === Infinity ? name : `${name}, in parts of at most ${steps} steps`,
    train: examplesOf(train, time),
    validation: examplesOf(validation, time),
    test: examplesOf(test, time),
    provenance: {
      ...about,
      files: sumsOf(files),
      split: `that of the file: ${pieces.train.length}, ${pieces.valid.length} and ${pieces.test.length} pieces`,
      caution:
        steps === Infinity
          ? caution
          : `${caution} Pieces are cut into parts, and the state starts anew at each part: published values are of whole pieces.`,
    },
    pieces,
  };
}

/** Parts of at most `steps` predictions: the last step of a part is the first of the next, so that none is lost. */
function cut(piece: PianoRoll, steps: number): PianoRoll[] {
  if (steps >= piece.length - 1) return [piece];
  const count = Math.ceil((piece.length - 1) / steps);
  return Array.from({ length: count }, (_, i) => piece.slice(i * steps, (i + 1) * steps + 1));
}

function examplesOf(parts: readonly PianoRoll[], time: number): Polymusic {
  const size = parts.length * time * keys;
  const [x, y] = [new Float32Array(size), new Float32Array(size)];
  parts.forEach((part, row) =>
    part.forEach((step, t) => {
      const at = (row * time + t) * keys;
      for (const key of step) {
        if (t < part.length - 1) x[at + key] = 1;
        if (t > 0) y[at - keys + key] = 1;
      }
    }),
  );
  const shape = [parts.length, time, keys];
  return {
    x: tensor(x, shape),
    y: tensor(y, shape),
    lengths: tensor(Int32Array.from(parts, ({ length }) => length - 1)),
  };
}
