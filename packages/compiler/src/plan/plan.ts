import type { DType, Shape, Values } from "@sluice/tensor";
import type { BinaryName, UnaryName } from "@sluice/tensor/internal";

/**
 * A program as work on planned memory. A backend generates kernels for it. Every size, address and order is decided
 * here, so a backend only has to make each step fast.
 */
export interface Plan {
  readonly buffers: readonly Buffer[];
  /** Total memory in bytes. */
  readonly bytes: number;
  /** Where the program's inputs are read and its outputs written, contiguous and row-major. */
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  /** Written once before the first run. */
  readonly constants: readonly { readonly buffer: number; readonly values: Values }[];
  readonly steps: readonly Step[];
  /** For each input: the part that is never read. */
  readonly padding: readonly (Padding | undefined)[];
}

/**
 * The padding of an input: the steps of its batch at which the sequence of a row and those of all later rows are over.
 */
export interface Padding {
  /** The position of the input with the lengths, i32 [batch]. */
  readonly lengths: number;
  /** The axes, 0 and 1 or 1 and 0. */
  readonly time: number;
  readonly batch: number;
}

/** A piece of memory of 4-byte elements. */
export interface Buffer {
  readonly elements: number;
  readonly dtype: DType;
  /**
   * In bytes from the start of the plan's memory, a multiple of 64. Buffers that are never in use together may share
   * memory.
   */
  readonly offset: number;
}

/**
 * A strided window on a buffer: element i is at `offset + sum(i[axis] * strides[axis]) + sum(t[loop] * loops[loop])`,
 * in elements, where t are the positions of the enclosing loops, outermost first. A stride of 0 repeats.
 */
export interface View {
  readonly buffer: number;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly loops: readonly number[];
}

/** One step of a plan. */
export type Step =
  | ElementwiseStep
  | MatmulStep
  | PackStep
  | ReduceStep
  | CumulativeSumStep
  | GatherStep
  | ScatterAddStep
  | RandomBitsStep
  | ActiveRowsStep
  | LoopStep;

/**
 * One pass over `shape`: instructions are computed for each element, in registers. Some values are stored, and some are
 * reduced along an axis.
 */
export interface ElementwiseStep {
  readonly kind: "elementwise";
  readonly shape: Shape;
  readonly inputs: readonly View[];
  readonly instructions: readonly Instruction[];
  /** Values (positions in `instructions`) and their destinations: views of `shape` that do not overlap. */
  readonly stores: readonly { readonly value: number; readonly view: View }[];
  readonly reductions?: PassReductions;
}

/** What a pass reduces along an axis, which is not the first one, in the order that @sluice/tensor defines. */
export interface PassReductions extends AxisReduction {
  /** Values (positions in `instructions`) and their destinations: views of the pass's shape without the axis. */
  readonly results: readonly { readonly value: number; readonly view: View }[];
}

/** A sum or a maximum along an axis. */
export interface AxisReduction {
  readonly op: "sum" | "max";
  readonly dtype: DType;
  readonly axis: number;
}

/** One value of an elementwise pass, computed in registers. Operands are positions of earlier instructions. */
export type Instruction =
  | { readonly op: "load"; readonly dtype: DType; readonly input: number }
  | { readonly op: "constant"; readonly dtype: DType; readonly value: number }
  | { readonly op: "convert"; readonly dtype: DType; readonly from: DType; readonly args: readonly number[] }
  | {
      readonly op: UnaryName | BinaryName | "select";
      readonly dtype: DType;
      readonly operand: DType;
      readonly args: readonly number[];
    };

/**
 * c = a b: [..., m, k] x [..., k, n]. In a and b one of the last two strides is 1; c is row-major in its last two axes.
 */
export interface MatmulStep {
  readonly kind: "matmul";
  readonly a: View;
  readonly b: View;
  readonly c: View;
  /** Where a pack step has put b in panels. */
  readonly packed?: View;
  /**
   * The positions k to add, in this order, if not all: a list of an {@link ActiveRowsStep}. Only without batch axes.
   * The other positions add +0.
   */
  readonly positions?: View;
  /**
   * f32 [places, m, n], if a is read by columns: memory for totals of blocks of a long product that wait to be added.
   * Its contents before and after the step mean nothing.
   */
  readonly waiting?: View;
}

/**
 * Copies b [k, n] into panels of `columns` columns (the last one is filled with zeros), one panel after another, each
 * row-major [k, columns].
 */
export interface PackStep {
  readonly kind: "pack";
  readonly b: View;
  readonly packed: View;
  readonly columns: number;
}

/**
 * y [outer..., inner...] from x [outer..., n, inner...], in the order that @sluice/tensor defines. `axis` is the
 * position of n.
 */
export interface ReduceStep extends AxisReduction {
  readonly kind: "reduce";
  readonly x: View;
  readonly y: View;
  /**
   * The positions along the axis to add, in this order, if not all. The axis is then not the innermost one. The other
   * positions add +0.
   */
  readonly positions?: View;
}

/** Sums up to each element of one axis: y [outer, n, inner] from x, starting from the other end with `reverse`. */
export interface CumulativeSumStep {
  readonly kind: "cumulativeSum";
  readonly dtype: DType;
  readonly x: View;
  readonly y: View;
  readonly axis: number;
  readonly reverse: boolean;
}

/** y[i, :] = x[clamp(indices[i]), :]; indices [n], x [rows, width], y [n, width]. */
export interface GatherStep {
  readonly kind: "gather";
  readonly x: View;
  readonly indices: View;
  readonly y: View;
}

/**
 * y [rows, width] = 0, then y[clamp(indices[i]), :] += updates[i, :] in order of i; f32 is summed in double precision
 * and rounded once.
 */
export interface ScatterAddStep {
  readonly kind: "scatterAdd";
  readonly dtype: DType;
  readonly indices: View;
  readonly updates: View;
  readonly y: View;
}

/** y (contiguous) from a key [2] and a stream []. */
export interface RandomBitsStep {
  readonly kind: "randomBits";
  readonly key: View;
  readonly stream: View;
  readonly y: View;
  /**
   * If y is a part of another value, namely rows of consecutive elements: the contiguous value among whose words those
   * of y are.
   */
  readonly whole?: View;
}

/**
 * From i32 lengths [batch], the active rows. A step of a ragged batch works on the rows up to the last one whose
 * sequence is not over.
 */
export interface ActiveRowsStep {
  readonly kind: "activeRows";
  readonly lengths: View;
  /** i32 [time + 1]: the number of active rows per step; then the number of steps that have any. */
  readonly counts: View;
  /**
   * i32 [batch + 1]: the total number of steps in which the rows before row b are active. Threads use it to divide work
   * fairly.
   */
  readonly work: View;
  /** i32 [batch + 1]: the number of steps in which a row is active; then the number of rows that are ever active. */
  readonly ends: View;
  /** i32 [time + 1]: the total number of active rows in the steps before step t. */
  readonly rowsBefore: View;
  /**
   * i32 [1 + time * batch]: the number of active pairs of step and row, then their positions `step * batch + row` in
   * order.
   */
  readonly positions: View;
  /** i32 [1 + time * batch]: the same pairs as `row * time + step` in order, if a step needs them in this form. */
  readonly byRow?: View;
}

/** A loop whose steps are `body`. */
export interface LoopStep {
  readonly kind: "loop";
  /** Number of steps. */
  readonly length: number;
  /** The position runs from length - 1 to 0. */
  readonly reverse: boolean;
  readonly body: readonly Step[];
  /**
   * If every step of the body works row by row on this many batch rows (axis 0 of all varying values). Threads can then
   * divide the rows for the whole loop without waiting for each other.
   */
  readonly rows?: number;
  /**
   * The rows for which a step is done: the active ones, in the steps that have any, or the others, in all steps; `rows`
   * is then given. In a loop over the rows of a batch, its steps play the role of rows, and `ends` and `rowsBefore` are
   * their counts and totals.
   */
  readonly active?: Pick<ActiveRowsStep, "counts" | "work"> & { readonly part: "active" | "over" };
}
