import { type ArrayTensor, type Bytes, type DType, type Shape, TensorError } from "@sluice/tensor";
import { checkFunction, checkOptions, suggestion } from "@sluice/tensor/internal";
import type { Dataset } from "../dataset.ts";
import * as laws from "./laws.ts";

/** One law, to be run as a test. */
export interface DatasetLaw {
  readonly name: DatasetLawName;
  /** Why the law is left out for this data set; run it otherwise. */
  readonly skip?: string;
  /** Rejects where the data set breaks the law. */
  run(): Promise<void>;
}

/** What a tensor of every split is, without the axis of examples. */
export interface DescribedTensor {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Options of {@link datasetSuite}. */
export interface DatasetSuiteOptions {
  /** The tensors of every split as the data set documents them: `{ x: { shape: [28, 28], dtype: "f32" }, ... }`. */
  readonly tensors: Readonly<Record<string, DescribedTensor>>;
  /** The key that `make` is given in the law about keys. Without one it is left out: nothing is drawn. */
  readonly key?: ArrayTensor;
  /** How many examples there are; the splits must divide all of them. Without it that law is left out. */
  readonly examples?: number;
  /** Reads a file that `provenance.files` names. Without it the law about checksums is left out. */
  readonly read?: (file: string) => Promise<Bytes>;
  /** Laws that do not hold, and why: `{ "no example is in two splits": "short streams come again by chance" }`. */
  readonly except?: Partial<Readonly<Record<DatasetLawName, string>>>;
}

/** What a law looks at. */
export interface Subject extends DatasetSuiteOptions {
  readonly make: (key?: ArrayTensor) => Promise<Dataset>;
  /** Made once for all laws. */
  readonly set: () => Promise<Dataset>;
}

const all = {
  "it says what it is, where it is from and what it must not be compared with": laws.described,
  "splits have the tensors that are documented, one row for each example": laws.shaped,
  "numbers are finite": laws.finite,
  "lengths are those of sequences, with zeros beyond them": laws.lengths,
  "classes have names": laws.classes,
  "no example is in two splits": laws.disjoint,
  "the splits are all examples": laws.complete,
  "made again, it has the same bits": laws.repeated,
  "another key draws other examples": laws.keyed,
  "files have the checksums that it names": laws.checksums,
} as const;

/** The name of a law that every data set must obey. */
export type DatasetLawName = keyof typeof all;

/**
 * The laws that every data set must pass, as tests of any runner:
 *
 *     for (const { name, skip, run } of datasetSuite(() => digits(), { tensors: { x: { shape: [28, 28], dtype: "f32" }, ... } }))
 *       test(name, { skip: skip !== undefined }, run);
 *
 * `make` makes the data set, of the same options each time; it is given a key in the law about keys. A set of some
 * hundred examples is enough.
 */
export function datasetSuite(
  make: (key?: ArrayTensor) => Dataset | Promise<Dataset>,
  options: DatasetSuiteOptions,
): readonly DatasetLaw[] {
  checkFunction("datasetSuite", "make", make);
  checkOptions("datasetSuite", options, ["tensors", "key", "examples", "read", "except"]);
  const names: readonly string[] = Object.keys(all);
  const strange = Object.keys(options.except ?? {}).find((name) => !names.includes(name));
  if (strange !== undefined) throw new TensorError(`datasetSuite: no law ${strange}; ${suggestion(strange, names)}`);
  let made: Promise<Dataset> | undefined;
  const again = async (key?: ArrayTensor): Promise<Dataset> => make(key);
  const subject: Subject = { ...options, make: again, set: () => (made ??= again()) };
  return entriesOf(all).map(([name, law]) => {
    const skip = options.except?.[name] ?? reasonToSkip(name, options);
    return { name, ...(skip === undefined ? {} : { skip }), run: () => law(subject) };
  });
}

function reasonToSkip(name: DatasetLawName, { key, examples, read }: DatasetSuiteOptions): string | undefined {
  switch (name) {
    case "another key draws other examples":
      return key === undefined ? "no key is given" : undefined;
    case "the splits are all examples":
      return examples === undefined ? "the number of examples is not given" : undefined;
    case "files have the checksums that it names":
      return read === undefined ? "no way to read the files is given" : undefined;
    default:
      return undefined;
  }
}

type Law = (subject: Subject) => Promise<void>;

function entriesOf<N extends string>(table: Readonly<Record<N, Law>>): [N, Law][];
function entriesOf(table: Readonly<Record<string, Law>>): [string, Law][] {
  return Object.entries(table);
}
