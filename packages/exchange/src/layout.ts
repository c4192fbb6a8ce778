/** How other libraries store the weights of a cell. A layout is plain data, so you can write one for your own cell. */
import type { CellSizes } from "@sluice/cells";

/** The layout of one kind of cell in one library. */
export interface CellLayout {
  /** The function that makes the cells of this layout, such as `gru`: a result of `defineCell`. */
  readonly cell: { readonly definition: object };
  /** Returns why the library has no exact counterpart of this cell; undefined if it has one. Default: it always has. */
  readonly refuse?: (cell: ExchangedCell) => string | undefined;
  /** The library's weights, in its order. Weights whose parameters the cell does not have are left out. */
  readonly weights: (cell: ExchangedCell) => readonly WeightLayout[];
}

/** What a layout can ask about a cell. */
export interface ExchangedCell {
  readonly name: string;
  readonly sizes: CellSizes;
  /** The options that the cell was made with, including defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The paths of its parameters, such as `W`. */
  readonly parameters: readonly string[];
}

/** One weight of the library, and its position in the cell. */
export interface WeightLayout {
  /**
   * The library's name of the weight. `{layer}` in it stands for the position of the cell in a stack, in the library's
   * spelling: `l0`, `l1_reverse`.
   */
  readonly name: string;
  /** The path of the cell's parameter. Several paths are the rows of one tensor of the library. */
  readonly parameters: string | readonly string[];
  /** The blocks along the parameter's last axis, one per gate. Default: the same blocks in the same order. */
  readonly gates?: GateOrder;
  /** Whether the library's matrix is `[output, input]` instead of `[input, output]`. Default false. */
  readonly transpose?: boolean;
  /**
   * A parameter of the same shape. If the cell lacks one of `parameters` but has this one, zeros are written, and the
   * library's values must be zeros to be read. Default: the weight is left out.
   */
  readonly zerosLike?: string;
  /** The fix to suggest if such values are not zeros: `make the cell with biases: 2`. */
  readonly unlessZeros?: string;
}

/**
 * `{ blocks: 3, order: [1, 0, 2] }`: the parameter has 3 blocks, and the library stores block 1 first, then 0, then 2.
 * If the order has fewer blocks, the library stores gates in separate weights.
 */
export interface GateOrder {
  readonly blocks: number;
  readonly order: readonly number[];
}

/** Options of the functions that convert weights. */
export interface ExchangeOptions {
  /** Layouts of cells that this package does not include. They take precedence. */
  readonly layouts?: readonly CellLayout[];
}
