export { BARRIER_BYTES, emitBarrier } from "./barrier.ts";
export { createPool, type Pool } from "./pool.ts";
export { canShare, mayBlock, spawn } from "./spawn.ts";
