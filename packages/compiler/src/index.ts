// Passes from program to program
export { type PassOptions, optimize } from "./passes/optimize.ts";
export { inlineBodies } from "./passes/expand.ts";
export { checkpointLoops } from "./passes/checkpoint.ts";
export type { Lifted } from "./passes/lift.ts";
export { vectorize } from "./passes/vectorize.ts";
export { type LoopPair, loopPairs } from "./passes/loop-pairs.ts";
export { vacate } from "./passes/vacate.ts";
export { simplify } from "./passes/simplify.ts";
export { hoist } from "./passes/hoist.ts";
export { group } from "./passes/group.ts";
export { sink } from "./passes/sink.ts";
export { defer } from "./passes/defer.ts";
export { share } from "./passes/share.ts";
export { prune } from "./passes/prune.ts";
export { type RewriteNode, rewrite } from "./passes/rewrite.ts";

// What backends print
export { debug } from "./debug.ts";

// From programs to plans
export { planProgram } from "./plan/make.ts";
export type { LowerOptions } from "./plan/lower.ts";
export type * from "./plan/plan.ts";
export { type BudgetOptions, fitWithin, type Passes, passNames, type Planned, planWithin } from "./budget.ts";
export { viewsOf, writesOf } from "./plan/accesses.ts";
export { isContiguous, sameView } from "./plan/view.ts";
export { factsOf, readingOf } from "./facts/facts.ts";
export { isAnchor, isElementwise, isLong, isView, keepsAxes, roleOf } from "./facts/roles.ts";
export { unpadded } from "./plan/padding.ts";
export { nodeOutput, TensorMap } from "./program/tensor-map.ts";
