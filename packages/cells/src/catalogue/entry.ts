import type { Cell } from "../cell/cell.ts";
import type { CellOptions } from "../definition/cell-options.ts";
import type { MakeInput } from "../testing/subject.ts";
import type { LawName } from "../testing/cell-suite.ts";

/** A family of cells: a folder of this package. */
export type CellFamily = "gated" | "orthogonal" | "linear" | "memory" | "paced" | "time";

/** What is known of one published cell, or of one published form of it. */
export interface CatalogueEntry {
  /** The cell, and its form where there are several: `gru`, or `gru, reset before`. */
  readonly name: string;
  /** Makes the cell with the options of this form. */
  readonly make: (options: CellOptions) => Cell;
  /** Authors, year and where it was published: `Cho et al. 2014, arXiv:1406.1078`. */
  readonly source: string;
  /**
   * Where the numbers come from that the cell is tested against: a package with its version, `the authors' code` (the
   * fixture names its commit), or `a plain loop`.
   */
  readonly numbers: string;
  /** Laws of `cellSuite` (`@sluice/cells/testing`) that do not hold for the cell, each with the reason. */
  readonly except?: Partial<Readonly<Record<LawName, string>>>;
  /** What the cell reads, where it does not take just any numbers. */
  readonly input?: MakeInput;
  /** The class of torchrecurrent that is the same cell, for the comparison of speed. */
  readonly torchrecurrent?: string;
}
