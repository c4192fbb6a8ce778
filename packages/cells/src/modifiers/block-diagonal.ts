import { type Initializer, type Reparametrization } from "@sluice/params";
import {
  equal,
  full,
  iota,
  keyFor,
  matmul,
  reshape,
  select,
  sum,
  TensorError,
  transpose,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import type { Cell } from "../cell/cell.ts";
import type { State } from "../cell/states.ts";
import { checkSize } from "../options/size.ts";
import { structuredRecurrence } from "./structured-recurrence.ts";

/** Options of {@link blockDiagonal}. */
export interface BlockDiagonalOptions {
  /** The number of heads. It must divide the rows of every recurrent weight. */
  readonly heads: number;
}

/**
 * A cell whose state is cut into heads that do not read each other's state, as in the sLSTM (Beck et al. 2024,
 * arXiv:2405.04517): the recurrent matrix of every gate is block-diagonal, with one block R for each head:
 *
 *     h_{t-1} U_k  =  [h^1 R_k^1, h^2 R_k^2, ...]        for each gate k, with h_{t-1} = [h^1, h^2, ...]
 *
 * A weight U `[hidden, gates * hidden]` is computed from the parameter `U.blocks` `[heads, hidden / heads, gates *
 * hidden / heads]`, each head initialized by the weight's own initializer; the step multiplies head by head. One head
 * is the cell itself. A reparametrization around this one must keep zeros, as DropConnect and weight normalization do,
 * because only the blocks are used. Throws a TensorError if the step makes no recurrent products, if a weight is not
 * made of square blocks or has a structure already, or if `heads` does not divide its rows.
 */
export function blockDiagonal<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: BlockDiagonalOptions,
): Cell<Tree, S> {
  checkOptions("blockDiagonal", options, ["heads"]);
  const heads = checkSize("blockDiagonal", "heads", options.heads);
  return structuredRecurrence(
    "blockDiagonal",
    cell,
    {
      by: blocksOf(heads),
      multiply: timesBlocks(heads),
      begin: (spec) => ({ ...spec, initializer: byHead(heads, spec.initializer) }),
    },
    (rows) => {
      if (rows % heads !== 0)
        throw new TensorError(
          `blockDiagonal: ${heads} heads do not divide the ${rows} features of a recurrent product of ${cell.name}; choose heads that do`,
        );
    },
  );
}

/** A matrix `[n, gates * n]` of block-diagonal blocks, from the blocks of the heads. */
function blocksOf(heads: number): Reparametrization<{ readonly blocks: Tensor }> {
  return {
    name: "blockDiagonal",
    params({ constraint: _, ...weight }) {
      const [n = 0, columns = 0] = weight.shape;
      return { blocks: { ...weight, shape: [heads, n / heads, columns / heads] } };
    },
    initial: (weight) => ({ blocks: ofHeads(weight, heads) }),
    weight({ blocks }, { shape: [n = 0, columns = 0] }) {
      const width = n / heads;
      const placed = reshape(blocks, [heads, width, columns / n, 1, width]);
      return reshape(select(sameHead(heads), placed, 0), [n, columns]);
    },
  };
}

/** `[batch, n]` times a matrix of block-diagonal blocks, head by head. */
function timesBlocks(heads: number): (x: Tensor, W: Tensor) => Tensor {
  return (x, W) => {
    const [batch, n, columns] = [axisSize(x, 0), axisSize(W, 0), axisSize(W, 1)];
    const byHeads = transpose(reshape(x, [batch, heads, n / heads]), [1, 0, 2]);
    const products = reshape(matmul(byHeads, ofHeads(W, heads)), [heads, batch, columns / n, n / heads]);
    return reshape(transpose(products, [1, 2, 0, 3]), [batch, columns]);
  };
}

/** The blocks of a matrix `[n, gates * n]`, `[heads, n / heads, gates * n / heads]`. */
function ofHeads(W: Tensor, heads: number): Tensor {
  const [n, columns] = [axisSize(W, 0), axisSize(W, 1)];
  const width = n / heads;
  const parts = reshape(W, [heads, width, columns / n, heads, width]);
  return reshape(sum(select(sameHead(heads), parts, 0), 3), [heads, width, columns / heads]);
}

/** bool `[heads, 1, 1, heads, 1]`. */
const sameHead = (heads: number): Tensor =>
  equal(iota([heads, 1, 1, heads, 1], { axis: 0 }), iota([heads, 1, 1, heads, 1], { axis: 3 }));

/** Initializes the block of every head by itself. */
const byHead =
  (heads: number, initializer: Initializer): Initializer =>
  (key, shape, sizes): ArrayTensor => {
    const [n = 0, columns = 0] = shape;
    const [width, gates] = [n / heads, columns / n];
    const matrix = full(shape, 0, "f64");
    for (let head = 0; head < heads; head++) {
      const { data } = initializer(keyFor(key, `head ${head}`), [width, columns / heads], sizes);
      for (let i = 0; i < width; i++)
        for (let gate = 0; gate < gates; gate++)
          for (let j = 0; j < width; j++)
            matrix.data[(head * width + i) * columns + gate * n + head * width + j] = Number(
              data[(i * gates + gate) * width + j],
            );
    }
    return matrix;
  };
