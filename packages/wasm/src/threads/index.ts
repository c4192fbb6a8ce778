export { BARRIER_BYTES, emitBarrier } from "./barrier.ts";
export { mayBlock, processors, whyNotShared } from "./platform.ts";
export { createPool, type Pool } from "./pool.ts";
export { type Listeners, spawn } from "./spawn.ts";
