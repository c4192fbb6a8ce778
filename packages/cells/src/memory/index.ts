// Exponential gates and memories that are matrices
export { deltaNet } from "./delta-net.ts";
export { fastWeights } from "./fast-weights.ts";
export type { XlstmForgetGate } from "./forget-gate.ts";
export { gatedDeltaNet } from "./gated-delta-net.ts";
export { matrixLstm } from "./matrix-lstm.ts";
export { sLstm } from "./s-lstm.ts";
