export { BARRIER_BYTES, emitBarrier } from "./barrier.ts";
export { createPool, type LoadedProgram, type Pool, type PoolOptions, type ProgramOptions } from "./pool.ts";
export { canShare, mayBlock } from "./spawn.ts";
