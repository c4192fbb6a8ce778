import { gridded, joinObservations, type Observations, type RecordProblem, type SameTime } from "@sluice/irregular";
import { tensor, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkChoice } from "../check.ts";
import type { Provenance } from "../dataset.ts";
import { cited, physionet2012 as facts } from "../facts.ts";
import { DataError } from "../error.ts";
import { originOf, readFileSet, readMany, sumOfSums, sumsOf, type FileSet } from "../folder.ts";
import { parseOutcomes } from "./outcomes.ts";
import { readStay, type Stay } from "./stay.ts";

/** Options of {@link physionet2012}. */
export interface PhysioNet2012Options {
  /** The set: 4,000 stays each. Set A is the challenge's training set, set B its first test set. */
  readonly set: "a" | "b";
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
  /** What becomes of several values of a variable at one minute. Default `"mean"`. */
  readonly sameTime?: SameTime;
  /**
   * `"events"` (default): the true times, a step for each minute at which anything was measured. `"hourly"`: a grid of
   * means over an hour, 49 steps for each stay; the last begins at hour 48, when a few values were measured.
   */
  readonly view?: "events" | "hourly";
}

/** An account of all records of the files: `read` is the sum of `kept`, `repeated`, `unknown` and the number of `problems`. */
export interface PhysioNet2012Account {
  readonly read: number;
  readonly kept: number;
  /** Descriptors that repeat what the file has said before. */
  readonly repeated: number;
  /** Descriptors that are -1 in the files. */
  readonly unknown: number;
  /** Records without a value of their own, with the file of each. */
  readonly problems: readonly (RecordProblem & { readonly file: string })[];
  /** The ids of stays without any measurement. They are rows without steps. */
  readonly withoutMeasurements: readonly string[];
}

/** A set of stays in intensive care. */
export interface PhysioNet2012 {
  readonly name: string;
  /** 37 variables at their true times, or on a grid, in hours since admission, and 5 static ones. */
  readonly observations: Observations;
  /** Whether the patient died in hospital, 0 or 1: i32 `[rows]`. */
  readonly y: Tensor;
  readonly account: PhysioNet2012Account;
  readonly provenance: Provenance;
}

const obtain =
  "Download set A or B and its outcomes from https://physionet.org/content/challenge-2012/1.0.0/ (Open Data Commons Attribution License), put set-a and Outcomes-a.txt, or set-b and Outcomes-b.txt, under physionet2012 of your data folder, and set the data folder with --data or SLUICE_DATA.";
const set = "PhysioNet 2012";

/** The size of all files, and the SHA-256 of the outcomes and of what `sha256sum *.txt` prints in the folder of the stays. */
const sums = {
  a: {
    outcomes: "2613ea60ccda29f87571a7d6b09ad130858a8ccd66325bd073365925026883c2",
    bytes: 27_673_499,
    stays: "9522c1a728116ed24ea0cf65a4237abe4dbcdf9c9f8d9fe9712e180fcf88bf8e",
  },
  b: {
    outcomes: "1305f29734da374a809483229a99f33a9230aa8d4fa74b1a2d6ad788136423d5",
    bytes: 27_755_427,
    stays: "703e7b83060192492498fb05880bd882f868e713ff3406ebc19c8949cfb8a053",
  },
} as const;

/**
 * The PhysioNet/CinC Challenge 2012 (Silva, Moody, Scott, Celi, Mark 2012): stays of at least 48 hours in intensive
 * care, and whether the patient died in hospital. Values are as they stand in the files, implausible ones too. Throws a
 * {@link DataError} if a file is missing, damaged or another version.
 */
export async function physionet2012(options: PhysioNet2012Options): Promise<PhysioNet2012> {
  checkOptions("physionet2012", options, ["set", "folder", "sameTime", "view"], {
    data: "folder",
    grid: "view",
  });
  const which = checkChoice("physionet2012", "set", options.set, ["a", "b"]);
  const view = checkChoice("physionet2012", "view", options.view ?? "events", ["events", "hourly"]);
  const files: FileSet = {
    name: set,
    files: [{ path: `physionet2012/Outcomes-${which}.txt`, sha256: sums[which].outcomes }],
    obtain,
  };
  const [bytes] = await readFileSet(files, options.folder);
  const outcomes = parseOutcomes(new TextDecoder().decode(bytes), originOf(files, 0));
  const folder = `physionet2012/set-${which}`;
  const names = outcomes.map(({ id }) => `${id}.txt`);
  const paths = names.map((name) => `${folder}/${name}`);
  const texts = await readMany(files, paths, options.folder);
  const found = await sumOfSums(names, texts);
  if (found !== sums[which].stays)
    throw new DataError({
      set,
      file: folder,
      wrong: `damaged or another version: sha256sum *.txt | sha256sum gives ${found}, expected ${sums[which].stays}`,
      obtain,
    });
  const stays = outcomes.map(({ id }, i) =>
    stayOf(paths[i] ?? "", id, new TextDecoder().decode(texts[i]), options.sameTime ?? "mean"),
  );
  const events = joinObservations(stays.map(({ observations }) => observations));
  return {
    name: `PhysioNet 2012, set ${which.toUpperCase()}${view === "events" ? "" : ", hourly"}`,
    observations: view === "events" ? events : gridded(events, { width: 1, from: 0, to: 49 }).observations,
    y: tensor(Int32Array.from(outcomes, ({ died }) => died)),
    account: accountOf(stays),
    provenance: {
      source: "PhysioNet/CinC Challenge 2012 1.0.0 (Silva, Moody, Scott, Celi, Mark 2012, Computing in Cardiology 39)",
      ...cited(facts),
      bytes: sums[which].bytes,
      files: { ...sumsOf(files), [`${folder}: sha256sum *.txt`]: sums[which].stays },
      split: `all of set ${which.toUpperCase()}, in the order of the record ids; divide it by row`,
      caution: "Published results differ in their rows: most cross-validate on set A alone. Some leave out stays.",
    },
  };
}

/** A stay with the path of its file. */
interface StayAt extends Stay {
  readonly path: string;
}

function stayOf(path: string, id: string, text: string, sameTime: SameTime): StayAt {
  const stay = readStay(id, text, sameTime);
  if (stay.wrong !== undefined) throw new DataError({ set, file: path, wrong: stay.wrong, obtain });
  return { ...stay, path };
}

function accountOf(stays: readonly StayAt[]): PhysioNet2012Account {
  const total = (f: (stay: StayAt) => number): number => stays.reduce((sum, stay) => sum + f(stay), 0);
  return {
    read: total(({ report, unknown }) => report.read + unknown),
    kept: total(({ report }) => report.kept),
    repeated: total(({ report }) => report.repeated),
    unknown: total(({ unknown }) => unknown),
    problems: stays.flatMap(({ path, report }) => report.problems.map((problem) => ({ ...problem, file: path }))),
    withoutMeasurements: stays.flatMap(({ observations: { ids, times } }) => (times.data.length === 0 ? ids : [])),
  };
}
