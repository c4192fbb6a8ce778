/*
 * What compilers, backends and packages that check what they are given need beyond `index.ts`. It may change with any
 * version.
 */

// Tensors
export { allocate, isFloat } from "./dtype.ts";
export { broadcastShapes, checkShape, offsetAt, positionOf, sameShape, showShape, sizeOf, stridesOf } from "./shape.ts";
export { lookUp, nth, picked, zip } from "./lists.ts";
export { type Piece, type SymbolTensor, describe, labelOf, piecewiseArray, zerosArray } from "./tensor.ts";
export { at } from "./errors.ts";
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
export { checkKey } from "./random/keys.ts";
export { environmentVariable, storedSetting } from "./environment.ts";
export { matchTree, treeFrom } from "./tree.ts";

// Primitives
export { primitives } from "./primitives/index.ts";
export type * from "./primitives/operation.ts";
export { type GradientContext, type GradientResult, isNodeOf, type Node, type NodeOf, type Rules } from "./node.ts";
export { apply, applyOne, isArray, symbolsOf } from "./apply.ts";
export { broadcastStrides } from "./primitives/broadcast.ts";
export { PRODUCT_BLOCK, SUM_BLOCK } from "./primitives/pairwise.ts";
export { type StepAxes, zeroBeyond } from "./scan/beyond.ts";
export { type ScanParts, split as splitScan } from "./scan/parts.ts";
export { applyScan } from "./scan/primitive.ts";

// Functions made of primitives
export { euclideanNorm, root, scaleOfSquares } from "./functions/norms.ts";

// Programs and their gradients
export { dependents, input, nodesOf } from "./program/program.ts";
export { placeholder } from "./program/record.ts";
export { close } from "./program/close.ts";
export { replaceNodes, substitute } from "./program/rewrite.ts";
export { widen } from "./program/widen.ts";
export { differentiate } from "./gradient/grad.ts";

// Backends
export { type StateLayout, bindState, checkInputs, checkRun } from "./backend/binding.ts";

// Scalar functions with the same bits everywhere
export * from "./scalar/index.ts";
