import type { ArrayTensor, Bytes, DType, Shape } from "@sluice/tensor";
import { checkFunction, checkOptions } from "@sluice/tensor/internal";
import { checksOf, type Law, lawsOf } from "@sluice/tensor/testing";
import type { Dataset } from "../dataset.ts";
import * as laws from "./laws.ts";

/** One law, to be run as a test. */
export type DatasetLaw = Law<DatasetLawName>;

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
  let made: Promise<Dataset> | undefined;
  const again = async (key?: ArrayTensor): Promise<Dataset> => make(key);
  const subject: Subject = { ...options, make: again, set: () => (made ??= again()) };
  const { key, examples, read, except } = options;
  return lawsOf(
    "datasetSuite",
    checksOf(all, () => subject),
    {
      except,
      untried: {
        "another key draws other examples": key === undefined ? "no key is given" : undefined,
        "the splits are all examples": examples === undefined ? "the number of examples is not given" : undefined,
        "files have the checksums that it names": read === undefined ? "no way to read the files is given" : undefined,
      },
    },
  );
}
