/** Addresses in bytes within a barrier's state; see `emitBarrier`. */
export const ARRIVALS = 0;
export const GENERATION = 4;
export const ABORTED = 8;
