// Cells whose recurrence is linear in the state: `sequence(cell, { scan: "associative" })` runs them without a loop
export { minGru } from "./min-gru.ts";
export { minLstm } from "./min-lstm.ts";
export { type QrnnPooling, qrnn, windowedQrnn } from "./qrnn.ts";
export { sru } from "./sru.ts";
export { lru } from "./lru.ts";
export { rgLru } from "./rg-lru.ts";
export { gla } from "./gla.ts";

// State space models
export type { Discretization } from "./complex.ts";
export { type S4dInitialization, s4d } from "./s4d.ts";
export { s5 } from "./s5.ts";
export { selectiveStateSpace } from "./selective-state-space.ts";

// A linear memory with a non-linear state around it
export type { LmuDiscretization } from "./delay-network.ts";
export { type LmuOptions, lmu } from "./lmu.ts";
