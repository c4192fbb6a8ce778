/** How other libraries lay out the weights of a cell. A layout is plain data; a cell of anyone's can come with one. */
import type { CellSizes } from "@sluice/cells";

/** The layout of one kind of cell in one library. */
export interface CellLayout {
  /** What makes the cells that this layout is for, such as `gru`: the result of `defineCell`. */
  readonly cell: { readonly definition: object };
  /** Why the library has no exact counterpart of this cell; undefined where it has one. Default: it always has. */
  readonly refuse?: (cell: ExchangedCell) => string | undefined;
  /** The library's weights, in its order. A weight whose parameters the cell does not have is left out. */
  readonly weights: (cell: ExchangedCell) => readonly WeightLayout[];
}

/** A cell as a layout sees it. */
export interface ExchangedCell {
  readonly name: string;
  readonly sizes: CellSizes;
  /** The options that it was made with, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The paths of its parameters, such as `W`. */
  readonly parameters: readonly string[];
}

/** One weight of the library, and where it is in the cell. */
export interface WeightLayout {
  /**
   * The library's name. `{layer}` in it stands for the place of the cell in a stack, as the library spells it: `l0`,
   * `l1_reverse`.
   */
  readonly name: string;
  /** The path of the cell's parameter. Several are the rows of one tensor of the library. */
  readonly parameters: string | readonly string[];
  /** The blocks along the parameter's last axis, one a gate. Default: the same blocks in the same order. */
  readonly gates?: GateOrder;
  /** Whether the library's matrix is `[output, input]`, not `[input, output]`. Default false. */
  readonly transpose?: boolean;
  /**
   * A parameter of the same shape. Where the cell lacks one of `parameters` but has this one, the library's values are
   * zeros, and must be zeros to be read. Default: the weight is left out.
   */
  readonly zerosLike?: string;
  /** What to do where such values are not zeros: `make the cell with biases: 2`. */
  readonly unlessZeros?: string;
}

/**
 * `{ blocks: 3, order: [1, 0, 2] }`: the parameter has 3 blocks, and the library has block 1 first, then 0, then 2. An
 * order of fewer blocks is a library that keeps gates in separate weights.
 */
export interface GateOrder {
  readonly blocks: number;
  readonly order: readonly number[];
}

/** Options of the functions that convert weights. */
export interface ExchangeOptions {
  /** Layouts of cells that this package does not know. They are looked through before its own. */
  readonly layouts?: readonly CellLayout[];
}
