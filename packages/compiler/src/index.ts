// Passes from program to program
export { type PassOptions, optimise } from "./passes/optimise.ts";
export { expand } from "./passes/expand.ts";
export { hoist } from "./passes/hoist.ts";
export { sink } from "./passes/sink.ts";
export { defer } from "./passes/defer.ts";
export { prune } from "./passes/prune.ts";
