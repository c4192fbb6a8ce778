import type { Tensor } from "@sluice/tensor";

/**
 * Named tensors whose first axis is the example, all with the same number of examples. `batches` of @sluice/train takes
 * them.
 */
export type Examples = { readonly [name: string]: Tensor };

/** Where data comes from: what a reader needs to judge a result, and to get the same data. */
export interface Provenance {
  /** Publisher and version, or the definition of a generated task. */
  readonly source: string;
  readonly licence: string;
  /** What to cite: authors, year, title, and where it appeared. */
  readonly citation?: string;
  /** The size of all files together, in bytes, unpacked. Absent for a generated task. */
  readonly bytes?: number;
  /** SHA-256 of every file that was read, by file name. Empty for a generated task. */
  readonly files: Readonly<Record<string, string>>;
  /** How the splits were made. */
  readonly split: string;
  /** What results on this data must not be called or compared with. */
  readonly caution: string;
}

/** A data set: a name, splits and their source. Any object of this form is a data set. A split may be empty. */
export interface Dataset<E extends Examples = Examples> {
  /** The name, with the options that change its contents. */
  readonly name: string;
  readonly train: E;
  readonly validation: E;
  readonly test: E;
  readonly provenance: Provenance;
  /** Names of the classes, if `y` holds class numbers from 0. */
  readonly classes?: readonly string[];
}

/** How many examples each split has. */
export interface SplitSizes {
  readonly train?: number;
  readonly validation?: number;
  readonly test?: number;
}
