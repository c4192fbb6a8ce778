import { checkOptions } from "@sluice/tensor/internal";
import type { Provenance } from "../dataset.ts";
import { cited, nafld as nafldFacts, pbcseq as pbcFacts } from "../facts.ts";
import { originOf, readFileSet, sumsOf, type FileSet } from "../folder.ts";
import { parseTable, type Columns } from "./table.ts";

/** Options of {@link pbcseq} and {@link nafld}. */
export interface SurvivalOptions {
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
}

const visits = {
  id: "integer",
  futime: "integer",
  status: "integer",
  trt: "integer",
  age: "number",
  sex: ["f", "m"],
  day: "integer",
  ascites: "integer?",
  hepato: "integer?",
  spiders: "integer?",
  edema: "number",
  bili: "number",
  chol: "integer?",
  albumin: "number",
  "alk.phos": "integer?",
  ast: "number",
  platelet: "integer?",
  protime: "number",
  stage: "integer",
} as const;

const people = {
  id: "integer",
  age: "integer",
  male: "integer",
  weight: "number?",
  height: "integer?",
  bmi: "number?",
  "case.id": "integer?",
  futime: "integer",
  status: "integer",
} as const;

const measurements = {
  id: "integer",
  days: "integer",
  test: ["chol", "dbp", "fib4", "hdl", "sbp", "smoke"],
  value: "number",
} as const;

/**
 * The visits of {@link pbcseq}, a column each: `id` of the patient, `futime` (days from registration to death,
 * transplantation or the end of the study), `status` at `futime` (0 alive, 1 transplanted, 2 dead), `trt` (1
 * D-penicillamine, 0 placebo), `age` in years and `sex` at registration, `day` of the visit since registration, and what
 * was measured at it. NaN is missing.
 */
export type PbcVisits = Columns<typeof visits>;

/**
 * The people of {@link nafld}: `id`, `age` in years, `male`, `weight` in kg, `height` in cm, `bmi`, `case.id` (the case
 * that a control is matched to), `futime` in days, `status` (1 dead). NaN is missing.
 */
export type NafldPeople = Columns<typeof people>;

/**
 * The measurements of {@link nafld}: `id` of the person, `days` since their index date (negative before it), the name of
 * the `test`, and its `value`.
 */
export type NafldMeasurements = Columns<typeof measurements>;

/** Tables with their source. They have no splits: divide them by `id`. */
export interface Tables<T> {
  readonly name: string;
  /** Named tables: columns of one length each. */
  readonly tables: T;
  readonly provenance: Provenance;
}

const split = "none: divide by id, since the rows of one id belong to one person";
const obtain = (names: string): string =>
  `Write ${names} of the R package survival (Debian's r-cran-survival) with write.csv(x, file, row.names = FALSE, na = "", quote = FALSE) under survival of your data folder, and set the data folder with --data or SLUICE_DATA.`;

const pbcseqFiles: FileSet = {
  name: "pbcseq",
  files: [{ path: "survival/pbcseq.csv", sha256: "c8d91c76c2607d229c43b73dd1d4ba5c2621e95701d6d087a192a38f289285b4" }],
  obtain: obtain("pbcseq"),
};

const nafldFiles: FileSet = {
  name: "NAFLD",
  files: [
    { path: "survival/nafld1.csv", sha256: "812542f2e0318bb75b0a84c0257f63dc7d17eddc6228efaf04ed08530cabe504" },
    { path: "survival/nafld2.csv", sha256: "3ce67bed3c1ee5137c6c51a378da5ddb09915f66f235c23b3c0b7fc1a5a710f1" },
  ],
  obtain: obtain("nafld1 and nafld2"),
};

/**
 * Primary biliary cirrhosis, Mayo Clinic (Therneau and Grambsch 2000, Modeling Survival Data): 1,945 visits of 312
 * patients at irregular times, with laboratory values, some missing. Throws a {@link DataError} if the file is missing
 * or damaged.
 */
export async function pbcseq(options: SurvivalOptions = {}): Promise<Tables<{ readonly visits: PbcVisits }>> {
  checkOptions("pbcseq", options, ["folder"], { data: "folder" });
  const [text = ""] = await textsOf(pbcseqFiles, options.folder);
  return {
    name: "pbcseq",
    tables: { visits: parseTable(text, visits, originOf(pbcseqFiles, 0)) },
    provenance: {
      source: "R package survival, pbcseq: Mayo Clinic trial of 1974 to 1984 (Therneau and Grambsch 2000)",
      ...cited(pbcFacts),
      files: sumsOf(pbcseqFiles),
      split,
      caution:
        "futime and status are what happened after all visits: they are answers, never inputs. A sicker patient is seen at other times, so the times of the visits carry information. 312 patients are few: give intervals.",
    },
  };
}

/**
 * Non-alcoholic fatty liver disease, Mayo Clinic (Allen et al. 2018, Hepatology 67): 17,549 people, cases and matched
 * controls, and 400,123 measurements of 15,666 of them at irregular times. Throws a {@link DataError} if a file is
 * missing or damaged.
 */
export async function nafld(
  options: SurvivalOptions = {},
): Promise<Tables<{ readonly people: NafldPeople; readonly measurements: NafldMeasurements }>> {
  checkOptions("nafld", options, ["folder"], { data: "folder" });
  const [first = "", second = ""] = await textsOf(nafldFiles, options.folder);
  return {
    name: "NAFLD",
    tables: {
      people: parseTable(first, people, originOf(nafldFiles, 0)),
      measurements: parseTable(second, measurements, originOf(nafldFiles, 1)),
    },
    provenance: {
      source: "R package survival, nafld1 and nafld2: Mayo Clinic, Olmsted County (Allen et al. 2018)",
      ...cited(nafldFacts),
      files: sumsOf(nafldFiles),
      split,
      caution:
        "futime and status are answers, never inputs. Measurements before the index date have negative days. A control belongs to its case (case.id): keep both in one split. 1,883 people have no measurement; they stay in the count.",
    },
  };
}

async function textsOf(set: FileSet, folder: string | null | undefined): Promise<string[]> {
  return (await readFileSet(set, folder)).map((bytes) => new TextDecoder().decode(bytes));
}
