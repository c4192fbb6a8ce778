import { randomUniform, type Initializer, type Reparametrization } from "@sluice/params";
import {
  concat,
  equal,
  iota,
  mul,
  reshape,
  select,
  sum,
  tensor,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import type { Cell } from "../cell/cell.ts";
import type { State } from "../cell/states.ts";
import { structuredRecurrence } from "./structured-recurrence.ts";

/** Options of {@link independentRecurrence}. */
export interface IndependentRecurrenceOptions {
  /** Initializes the vectors u. Default: uniform on [0, 1), the paper's for long sequences. */
  readonly initializer?: Initializer;
}

/**
 * A cell whose units do not read each other's state (IndRNN: Li et al. 2018, arXiv:1803.04831): every recurrent matrix
 * is diagonal, one vector u for each gate:
 *
 *     h_{t-1} U_k  =  u_k h_{t-1}        element by element, for each gate k
 *
 * A weight U `[hidden, gates * hidden]` is computed from the parameter `U.diagonal` `[gates * hidden]`; the step
 * multiplies by the vector. A reparametrization around this one must keep zeros, as DropConnect and weight
 * normalization do, because only the diagonals are used. Throws a TensorError if the step makes no recurrent products,
 * if a weight is not made of square blocks, or if it has a structure already.
 */
export function independentRecurrence<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: IndependentRecurrenceOptions = {},
): Cell<Tree, S> {
  checkOptions("independentRecurrence", options, ["initializer"]);
  const { initializer = randomUniform({ low: 0, high: 1 }) } = options;
  return structuredRecurrence("independentRecurrence", cell, {
    by: diagonal,
    multiply: timesDiagonal,
    begin: ({ adjust: _, ...spec }) => ({ ...spec, initializer: inEveryRow(initializer) }),
  });
}

/** A matrix `[n, gates * n]` of diagonal blocks, from their diagonals. */
const diagonal: Reparametrization<{ readonly diagonal: Tensor }> = {
  name: "independentRecurrence",
  params: ({ constraint: _, ...weight }) => ({ diagonal: { ...weight, shape: weight.shape.slice(-1) } }),
  initial: (weight) => ({ diagonal: diagonalOf(weight) }),
  weight({ diagonal: u }, { shape: [n = 0, columns = 0] }) {
    return reshape(select(onDiagonal(n), reshape(u, [1, columns / n, n]), 0), [n, columns]);
  },
};

/** `[batch, n]` times a matrix of diagonal blocks. */
function timesDiagonal(x: Tensor, W: Tensor): Tensor {
  const gates = axisSize(W, 1) / axisSize(W, 0);
  const repeated =
    gates === 1
      ? x
      : concat(
          Array.from({ length: gates }, () => x),
          1,
        );
  return mul(repeated, diagonalOf(W));
}

/** The diagonals of the blocks of a matrix `[n, gates * n]`, `[gates * n]`. */
function diagonalOf(W: Tensor): Tensor {
  const [n, columns] = [axisSize(W, 0), axisSize(W, 1)];
  return reshape(sum(select(onDiagonal(n), reshape(W, [n, columns / n, n]), 0), 0), [columns]);
}

/** bool `[n, 1, n]`. */
const onDiagonal = (n: number): Tensor => equal(iota([n, 1, n], { axis: 0 }), iota([n, 1, n], { axis: 2 }));

/** A matrix with the same vector in every row, so that its diagonals are the vector. */
const inEveryRow =
  (initializer: Initializer): Initializer =>
  (key, [rows = 0, columns = 0], sizes): ArrayTensor => {
    const { data } = initializer(key, [columns], sizes);
    return tensor(Array.from({ length: rows }, () => Array.from(data)).flat(), [rows, columns], { dtype: "f64" });
  };
