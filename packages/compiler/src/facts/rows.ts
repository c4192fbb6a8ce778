import type { Shape, Tensor } from "@sluice/tensor";
import type {
  BroadcastOperation,
  Operation,
  PadOperation,
  SliceOperation,
  TransposeOperation,
} from "@sluice/tensor/internal";

/** A node of a step whose result has one row (axis 0) per row of the batch. */
export interface RowQuestion<O extends Operation> {
  readonly operation: O;
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  /** Whether a value differs from row to row. */
  readonly isByRow: (x: Tensor | undefined) => boolean;
}

type Question = RowQuestion<Operation>;

const rowsOf = ({ inputs: [first] }: Question): number | undefined => first?.shape[0];

/** Row b of the result needs only row b of the operands. */
export const always = (): boolean => true;

export const never = (): boolean => false;

/** The operand has the same rows. */
export const sameRows = (question: Question): boolean => rowsOf(question) === question.rows;

export function ofBroadcast(question: RowQuestion<BroadcastOperation>): boolean {
  return question.inputs[0]?.shape.length === question.operation.shape.length && sameRows(question);
}

export const ofTranspose = ({ operation }: RowQuestion<TransposeOperation>): boolean => operation.axes[0] === 0;

export function ofSlice(question: RowQuestion<SliceOperation>): boolean {
  const { operation, rows } = question;
  return operation.starts[0] === 0 && operation.stops[0] === rows && sameRows(question);
}

export const ofPadding = ({ operation: { before, after } }: RowQuestion<PadOperation>): boolean =>
  before[0] === 0 && after[0] === 0;

/** Work along one axis, which must not be the axis of the rows. */
export const alongOtherAxes = ({ operation }: { readonly operation: { readonly axis: number } }): boolean =>
  operation.axis !== 0;

/** A matrix that differs from row to row is only allowed if there is one per row. */
export const ofMatrixProduct = ({ inputs: [a, b], isByRow }: Question): boolean => rank(a) !== 2 || !isByRow(b);

/** All rows use the same table. */
export const ofGather = ({ inputs: [x, indices], rows, isByRow }: Question): boolean =>
  !isByRow(x) && indices?.shape[0] === rows;

/** A value that is the same for all rows may be computed for some of them. */
export const ofRandomBits = ({ inputs, isByRow }: Question): boolean => !inputs.some(isByRow);

const rank = (x: { readonly shape: Shape } | undefined): number | undefined => x?.shape.length;
