// Tensors
export { type Bytes, type DType, type Values } from "./dtype.ts";
export { type Shape } from "./shape.ts";
export { type ArrayTensor, type Operand, type Tensor, type Type } from "./tensor.ts";
export { full, isTensor, item, onesLike, scalar, tensor, valuesOf, zerosLike } from "./tensor.ts";
export { TensorError } from "./errors.ts";
export { type Leaf, type Tree, type TreeOf, leavesOf, mapTree, tensorsOf, zipTrees } from "./tree.ts";

// Primitives
export {
  abs,
  add,
  ceil,
  div,
  floor,
  max,
  min,
  mul,
  neg,
  shiftRight,
  sign,
  sqrt,
  stopGradient,
  sub,
} from "./primitives/arithmetic.ts";
export { and, equal, greater, greaterEqual, less, lessEqual, not, or } from "./primitives/comparison.ts";
export { convert, select } from "./primitives/elementwise.ts";
export { cos, erf, exp, expm1, log, log1p, pow, sigmoid, sin, tanh } from "./primitives/transcendental.ts";
export { broadcastTo, sumTo } from "./primitives/broadcast.ts";
export { concat, pad, reshape, slice, sliceAxis, transpose } from "./primitives/layout.ts";
export { mean, reduceMax, sum } from "./primitives/reduce.ts";
export { cumulativeSum } from "./primitives/cumulative.ts";
export { gather, iota, scatterAdd } from "./primitives/indexing.ts";
export { matmul } from "./primitives/matmul.ts";
export { named } from "./primitives/name.ts";
export { randomBits } from "./primitives/random-bits.ts";
export { type ScanOptions, type ScanResult, scan } from "./scan/scan.ts";

// Functions made of primitives
export {
  type GeluOptions,
  elu,
  gelu,
  hardSigmoid,
  logSigmoid,
  logSoftmax,
  relu,
  silu,
  softmax,
  softplus,
  softsign,
} from "./functions/activations.ts";
export { argmax, expand, oneHot, split, square, stack, take, variance } from "./functions/arrays.ts";

export { associativeScan } from "./functions/associative-scan.ts";
export { cumulativeMax, cumulativeProduct } from "./functions/cumulative.ts";
export { einsum } from "./functions/einsum.ts";
export { logSumExp } from "./functions/log-sum-exp.ts";
export { type SortOptions, argsort, flip, sort, topK } from "./functions/sort.ts";

// Random numbers
export { key, keyAt, keyFor } from "./random/keys.ts";
export { bernoulli, normal, uniform } from "./random/distributions.ts";

// Programs and their gradients
export { type Program, programOf } from "./program/program.ts";
export { type RecordedProgram, recordProgram } from "./program/record.ts";
export { evaluate } from "./program/evaluate.ts";
export { type Diagnosis, type OperandState, diagnose, showDiagnosis } from "./program/diagnose.ts";
export { print } from "./program/print.ts";
export { grad, valueAndGrad, valueAndGradAux, vjp } from "./gradient/grad.ts";
export {
  type GradientCheckOptions,
  type GradientReport,
  type ParameterCheck,
  assertGradient,
  checkGradient,
} from "./gradient/check.ts";
export { checkpoint } from "./gradient/checkpoint.ts";
export { type GradientRuleContext, customGradient } from "./gradient/custom.ts";
export { clipGradient, scaleGradient, straightThrough } from "./functions/gradients.ts";

// Backends
export type { Backend, CompileOptions, Executable, ExecutableStatistics, StateBinding } from "./backend/backend.ts";
export { type Compiled, type Session, compile, compileStep } from "./backend/compile.ts";
export { reference } from "./backend/reference.ts";
