import { tensor, type Tensor } from "@sluice/tensor";
import { DataError } from "../error.ts";
import { originOf, readFileSet, type FileSet } from "../folder.ts";
import { paddedSeries } from "./examples.ts";
import { parseUea, type UeaSeries } from "./parse.ts";

/** Classified series as tensors. */
type Classified = { readonly x: Tensor; readonly lengths: Tensor; readonly y: Tensor };

/** The training and the test file of a set of classes without missing values. */
interface Archive {
  readonly training: readonly UeaSeries[];
  readonly testing: readonly UeaSeries[];
  readonly classes: readonly string[];
  /** The series of these indices, all by default, as tensors. */
  readonly examples: (series: readonly UeaSeries[], rows?: readonly number[]) => Classified;
}

/** The two files of a set of timeseriesclassification.com, for training and for testing. */
export function archiveFiles(name: string, [training, testing]: readonly [string, string]): FileSet {
  return {
    name,
    files: [
      { path: `uea/${name}/${name}_TRAIN.ts`, sha256: training },
      { path: `uea/${name}/${name}_TEST.ts`, sha256: testing },
    ],
    obtain: `Download ${name} from https://www.timeseriesclassification.com/description.php?Dataset=${name}, put the two .ts files under uea/${name} of your data folder, and set the data folder with --data or SLUICE_DATA.`,
  };
}

/** Reads a training and a test file whose series have `width` channels of at most `time` steps. */
export async function readArchive(
  set: FileSet,
  {
    folder,
    time,
    width,
  }: { readonly folder: string | null | undefined; readonly time: number; readonly width: number },
): Promise<Archive> {
  const [training, testing] = (await readFileSet(set, folder)).map((bytes, i) => {
    const origin = originOf(set, i);
    const found = parseUea(new TextDecoder().decode(bytes), origin);
    found.series.forEach(({ channels, label }, n) => {
      const steps = channels[0]?.length ?? 0;
      if (label !== undefined && channels.length === width && steps <= time) return;
      const wrong = `series ${n + 1} has ${channels.length} channels of ${steps} steps, expected ${width} of at most ${time}`;
      throw new DataError({ ...origin, wrong });
    });
    return found;
  });
  const examples = (series: readonly UeaSeries[], rows: readonly number[] = [...series.keys()]): Classified => {
    const chosen = rows.flatMap((row) => series[row] ?? []);
    const { x, lengths } = paddedSeries(chosen, time, width);
    return { x, lengths, y: tensor(Int32Array.from(chosen, ({ label }) => label ?? 0)) };
  };
  return {
    training: training?.series ?? [],
    testing: testing?.series ?? [],
    classes: training?.classes ?? [],
    examples,
  };
}
