import type { Tensor } from "@sluice/tensor";

/** Tensors by name whose first axis is the example, all of one length: what `batches` of @sluice/train cuts up. */
export type Examples = { readonly [name: string]: Tensor };

/** Where data comes from: enough for a reader to judge a figure, and to get the same data. */
export interface Provenance {
  /** Publisher and version, or for a generated task its definition. */
  readonly source: string;
  readonly licence: string;
  /** SHA-256 of every file that was read, by its name; none for a generated task. */
  readonly files: Readonly<Record<string, string>>;
  /** How the splits were made. */
  readonly split: string;
  /** What figures on this data must not be called or compared with. */
  readonly caution: string;
}

/**
 * A data set: a name, splits, and where they come from. Anything of this form is one. A split may be empty.
 */
export interface Dataset<E extends Examples = Examples> {
  readonly name: string;
  readonly train: E;
  readonly validation: E;
  readonly test: E;
  readonly provenance: Provenance;
  /** Names of the classes, where `y` numbers them from 0. */
  readonly classes?: readonly string[];
}

/** Numbers of examples. */
export interface SplitSizes {
  readonly train?: number;
  readonly validation?: number;
  readonly test?: number;
}
