import type { DType } from "../dtype.ts";
import type { Program } from "../program/program.ts";
import type { Shape } from "../shape.ts";

/** Elementwise operations of one operand. */
export type UnaryName =
  | "abs"
  | "ceil"
  | "cos"
  | "erf"
  | "exp"
  | "expm1"
  | "floor"
  | "log"
  | "log1p"
  | "neg"
  | "not"
  | "sigmoid"
  | "sign"
  | "sin"
  | "sqrt"
  | "stopGradient"
  | "tanh";

/** Elementwise operations of two operands of one shape and dtype. */
export type BinaryName =
  "add" | "and" | "div" | "equal" | "less" | "lessEqual" | "max" | "min" | "mul" | "or" | "pow" | "shiftRight" | "sub";

/**
 * The operation of a node, as data; a backend switches on `op`. Elementwise operands have equal shapes: broadcasting is
 * a separate operation.
 */
export type Operation =
  | { readonly op: UnaryName }
  | { readonly op: BinaryName }
  | { readonly op: "select" }
  | { readonly op: "convert"; readonly dtype: DType }
  | InputOperation
  | NameOperation
  | { readonly op: "matmul" }
  | TransposeOperation
  | ReshapeOperation
  | SliceOperation
  | ConcatOperation
  | PadOperation
  | BroadcastOperation
  | ReduceOperation
  | CumulativeSumOperation
  | { readonly op: "gather" }
  | ScatterAddOperation
  | IotaOperation
  | RandomBitsOperation
  | CheckpointOperation
  | CustomGradientOperation
  | ScanOperation;

/** The operation of a name. */
export type OperationOf<N extends Operation["op"], O = Operation> = O extends Operation
  ? N extends O["op"]
    ? O & { readonly op: N }
    : never
  : never;

/** Operations of one operand, two and three. Others have none, or as many as their data says. */
type OfOne =
  | UnaryName
  | "convert"
  | "name"
  | "transpose"
  | "reshape"
  | "slice"
  | "pad"
  | "broadcast"
  | "reduceSum"
  | "reduceMax"
  | "cumulativeSum";
type OfTwo = BinaryName | "matmul" | "gather" | "scatterAdd" | "randomBits";
type OfThree = "select";

/** The operands of an operation, each a `T`. */
export type InputsOf<O extends Operation, T> = O extends { readonly op: OfOne }
  ? readonly [T]
  : O extends { readonly op: OfTwo }
    ? readonly [T, T]
    : O extends { readonly op: OfThree }
      ? readonly [T, T, T]
      : readonly T[];

/** Its results: one, but for operations that hold a program. */
export type OutputsOf<O extends Operation, T> = O extends CheckpointOperation | CustomGradientOperation | ScanOperation
  ? readonly T[]
  : readonly [T];

/** A placeholder for a value that is given when the program runs. Errors and printed programs call it by its label. */
export interface InputOperation {
  readonly op: "input";
  readonly label: string;
}

/** The identity, with a name for errors and printed programs, such as `gru.reset`. */
export interface NameOperation {
  readonly op: "name";
  readonly label: string;
}

/** Output axis i is input axis `axes[i]`. */
export interface TransposeOperation {
  readonly op: "transpose";
  readonly axes: readonly number[];
}

/** The same elements in row-major order under another shape. */
export interface ReshapeOperation {
  readonly op: "reshape";
  readonly shape: Shape;
}

/** Elements `starts[axis] <= i < stops[axis]`. */
export interface SliceOperation {
  readonly op: "slice";
  readonly starts: readonly number[];
  readonly stops: readonly number[];
}

/** All operands concatenated along an axis. */
export interface ConcatOperation {
  readonly op: "concat";
  readonly axis: number;
}

/** Zeros before and after each axis. */
export interface PadOperation {
  readonly op: "pad";
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Axes of length 1 stretched, and axes added in front. */
export interface BroadcastOperation {
  readonly op: "broadcast";
  readonly shape: Shape;
}

/** Reduces an axis, which disappears. The order of elements is fixed: see `primitives/reduction.ts`. */
export interface ReduceOperation {
  readonly op: "reduceSum" | "reduceMax";
  readonly axis: number;
}

/** Sums up to each element along an axis; with `reverse`, from the end. */
export interface CumulativeSumOperation {
  readonly op: "cumulativeSum";
  readonly axis: number;
  readonly reverse: boolean;
}

/** Adds the rows of `updates` to `rows` rows of zeros. */
export interface ScatterAddOperation {
  readonly op: "scatterAdd";
  readonly rows: number;
}

/** 0, 1, 2, ... along an axis. */
export interface IotaOperation {
  readonly op: "iota";
  readonly shape: Shape;
  readonly axis: number;
  readonly dtype: DType;
}

/** Random words from a key and a stream number: see `primitives/random-bits.ts`. */
export interface RandomBitsOperation {
  readonly op: "randomBits";
  readonly shape: Shape;
}

/** A program whose intermediate values are computed again for the gradient instead of being kept. */
export interface CheckpointOperation {
  readonly op: "checkpoint";
  readonly body: Program;
}

/**
 * A program with a custom gradient rule. Inputs: the tensors that the program and then the rule use from outside, which
 * get no gradient, and the arguments. Outputs: the outputs of `body`.
 */
export interface CustomGradientOperation {
  readonly op: "customGradient";
  /** Maps all inputs to the outputs. */
  readonly body: Program;
  /**
   * Maps the tensors that the rule uses, the arguments, the outputs and the cotangents of float outputs to the
   * cotangents of float arguments.
   */
  readonly gradient: Program;
  readonly captures: number;
  readonly ruleCaptures: number;
}

/**
 * The loop. Inputs: captures, initial states, sequences `[time, ...]`; outputs: final states, then stacked outputs
 * `[time, ...]`. `body` maps captures, states and one step's slices to next states and one step's outputs.
 */
export interface ScanOperation {
  readonly op: "scan";
  readonly body: Program;
  readonly captures: number;
  readonly states: number;
  readonly sequences: number;
  /** Number of steps. */
  readonly length: number;
  /** From the last step to the first. Outputs stay at the position of their step. */
  readonly reverse: boolean;
  /**
   * A promise to the backend that makes ragged batches cheap. Capture `lengths` holds i32 `[batch]`. In step t a row b
   * with `t >= lengths[b]` outputs zeros, keeps its rows of the states whose axis 0 is the batch, and adds only zeros
   * to the other states (sums of weight gradients). The body keeps the promise itself, so a backend may ignore it.
   */
  readonly lengths?: number;
}
