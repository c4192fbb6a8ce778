import { broadcastTo, concat, gather, matmul, pad, reshape, slice, transpose, type Tensor } from "@sluice/tensor";
import {
  applyOne,
  type BroadcastOperation,
  type ConcatOperation,
  type Operation,
  type PadOperation,
  type ReshapeOperation,
  type Rules,
  type SliceOperation,
  type TransposeOperation,
} from "@sluice/tensor/internal";

/** A value of a loop's step, for all steps at once: [time, ...] if it differs from step to step. */
export interface Lifted {
  readonly tensor: Tensor;
  readonly stacked: boolean;
}

/** A node of a step with at least one operand that differs from step to step. */
interface LiftQuestion<O extends Operation> {
  readonly operation: O;
  readonly rules: Rules<Operation>;
  readonly first: Lifted;
  readonly inputs: readonly Lifted[];
  readonly time: number;
}

/** How an operation is done for all steps at once. */
export interface LiftRule<O extends Operation> {
  /** Given which of its operands differ from step to step. */
  when(stacked: readonly boolean[]): boolean;
  lift(question: LiftQuestion<O>): Tensor;
}

const whenever = (): boolean => true;

function everyStep({ time }: LiftQuestion<Operation>, x: Lifted): Tensor {
  return x.stacked ? x.tensor : broadcastTo(x.tensor, [time, ...x.tensor.shape]);
}

/** Its steps cannot be computed together. */
export const never: LiftRule<Operation> = {
  when: () => false,
  lift({ operation }) {
    throw new Error(`${operation.op} cannot be done for all steps at once`);
  },
};

/** Operands gain an axis, and nothing else changes. */
export const elementwise: LiftRule<Operation> = {
  when: whenever,
  lift: (question) =>
    applyOne(
      question.rules,
      question.operation,
      question.inputs.map((x) => everyStep(question, x)),
    ),
};

/** A product with a matrix that is the same in every step becomes one product over time x batch rows. */
export const matrixProduct: LiftRule<Operation> = {
  when: whenever,
  lift(question) {
    const { first, inputs } = question;
    const second = inputs[1] ?? first;
    const isShared = !second.stacked && second.tensor.shape.length === 2;
    return matmul(everyStep(question, first), isShared ? second.tensor : everyStep(question, second));
  },
};

export const ofTranspose: LiftRule<TransposeOperation> = {
  when: whenever,
  lift: ({ operation, first }) => transpose(first.tensor, [0, ...operation.axes.map((axis) => axis + 1)]),
};

export const ofReshape: LiftRule<ReshapeOperation> = {
  when: whenever,
  lift: ({ operation, first, time }) => reshape(first.tensor, [time, ...operation.shape]),
};

export const ofSlice: LiftRule<SliceOperation> = {
  when: whenever,
  lift: ({ operation, first, time }) => slice(first.tensor, [0, ...operation.starts], [time, ...operation.stops]),
};

export const ofConcat: LiftRule<ConcatOperation> = {
  when: whenever,
  lift: (question) =>
    concat(
      question.inputs.map((x) => everyStep(question, x)),
      question.operation.axis + 1,
    ),
};

export const ofPadding: LiftRule<PadOperation> = {
  when: whenever,
  lift: ({ operation, first }) => pad(first.tensor, [0, ...operation.before], [0, ...operation.after]),
};

export const ofBroadcast: LiftRule<BroadcastOperation> = {
  when: whenever,
  lift({ operation, first, time }) {
    const own = first.tensor.shape.slice(1);
    const ones = operation.shape.slice(own.length).map(() => 1);
    return broadcastTo(reshape(first.tensor, [time, ...ones, ...own]), [time, ...operation.shape]);
  },
};

/** Work along one axis, which moves one position to the right. */
export const alongAxis: LiftRule<Extract<Operation, { readonly axis: number }>> = {
  when: whenever,
  lift: ({ operation, rules, first }) => applyOne(rules, { ...operation, axis: operation.axis + 1 }, [first.tensor]),
};

/** All steps use the same table. */
export const ofGather: LiftRule<Operation> = {
  when: ([table]) => table === false,
  lift: ({ first, inputs: [, indices] }) => gather(first.tensor, (indices ?? first).tensor),
};
