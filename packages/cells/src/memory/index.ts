// Exponential gates and memories that are matrices
export type { XlstmForgetGate } from "./forget-gate.ts";
export { matrixLstm } from "./matrix-lstm.ts";
export { sLstm } from "./s-lstm.ts";
