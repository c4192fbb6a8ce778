// Tensors
export { type Bytes, type DType, type Values, allocate, isFloat } from "./dtype.ts";
export { type Shape, broadcastShapes, checkShape, sameShape, showShape, sizeOf, stridesOf } from "./shape.ts";
export { type ArrayTensor, type Operand, type Piece, type SymbolTensor, type Tensor, type Type } from "./tensor.ts";
export {
  describe,
  full,
  isTensor,
  item,
  labelOf,
  onesLike,
  piecewiseArray,
  scalar,
  tensor,
  valuesOf,
  zerosArray,
  zerosLike,
} from "./tensor.ts";
export { TensorError, at } from "./errors.ts";
export {
  checkFunction,
  checkIntegers,
  checkList,
  checkMade,
  checkTensor,
  checkTensors,
  hasMembers,
} from "./arguments.ts";
export { type ExpectedLeaf, checkTree } from "./check-tree.ts";
export { checkOptions } from "./options.ts";
export { nearest, suggestion } from "./nearest.ts";
export { shown } from "./shown.ts";
export { environmentVariable, storedSetting } from "./environment.ts";
export {
  type Leaf,
  type Tree,
  type TreeOf,
  leavesOf,
  mapTree,
  matchTree,
  tensorsOf,
  treeFrom,
  zipTrees,
} from "./tree.ts";

// Primitives
export { primitives } from "./primitives/index.ts";
export type * from "./primitives/operation.ts";
export type { GradientContext, GradientResult, Node, Rules } from "./node.ts";
export { apply, applyOne, isArray, symbolsOf } from "./apply.ts";
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
export { exp, expm1, log, log1p, sigmoid, tanh } from "./primitives/transcendental.ts";
export { broadcastStrides, broadcastTo, sumTo } from "./primitives/broadcast.ts";
export { concat, pad, reshape, slice, sliceAxis, transpose } from "./primitives/layout.ts";
export { mean, reduceMax, sum } from "./primitives/reduce.ts";
export { PRODUCT_BLOCK, SUM_BLOCK } from "./primitives/pairwise.ts";
export { cumulativeSum } from "./primitives/cumulative.ts";
export { gather, iota, scatterAdd } from "./primitives/indexing.ts";
export { matmul } from "./primitives/matmul.ts";
export { named } from "./primitives/name.ts";
export { randomBits } from "./primitives/random-bits.ts";
export { type ScanOptions, type ScanResult, scan } from "./scan/scan.ts";
export { type StepAxes, zeroBeyond } from "./scan/beyond.ts";
export { type ScanParts, applyScan, split as splitScan } from "./scan/primitive.ts";

// Functions made of primitives
export {
  elu,
  hardSigmoid,
  logSigmoid,
  logSoftmax,
  relu,
  silu,
  softmax,
  softplus,
  softsign,
} from "./functions/activations.ts";
export { euclideanNorm, root, scaleOfSquares } from "./functions/norms.ts";
export { argmax, expand, oneHot, split, square, stack, take, variance } from "./functions/arrays.ts";

// Random numbers
export { key, keyAt, keyFor } from "./random/keys.ts";
export { bernoulli, normal, uniform } from "./random/distributions.ts";

// Programs and their gradients
export { type Program, dependents, input, nodesOf, programOf } from "./program/program.ts";
export { type Traced, placeholder, trace } from "./program/trace.ts";
export { evaluate } from "./program/evaluate.ts";
export { close } from "./program/close.ts";
export { replaceNodes, substitute } from "./program/rewrite.ts";
export { widen } from "./program/widen.ts";
export { type Diagnosis, type OperandState, diagnose, showDiagnosis } from "./program/diagnose.ts";
export { print } from "./program/print.ts";
export { differentiate, grad, valueAndGrad, valueAndGradAux, vjp } from "./gradient/grad.ts";
export {
  type GradientCheckOptions,
  type GradientReport,
  type ParameterCheck,
  assertGradient,
  checkGradient,
} from "./gradient/check.ts";
export { checkpoint } from "./gradient/checkpoint.ts";

// Backends
export type { Backend, CompileOptions, Executable, ExecutableStatistics, StateBinding } from "./backend/backend.ts";
export { type Compiled, type Session, compile, compileStep } from "./backend/compile.ts";
export { type StateLayout, bindState, checkInputs, checkRun } from "./backend/binding.ts";
export { reference } from "./backend/reference.ts";

// Scalar functions with the same bits everywhere
export * from "./scalar/index.ts";
