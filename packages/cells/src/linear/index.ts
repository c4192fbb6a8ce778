// Cells whose recurrence is linear in the state: `sequence(cell, { scan: "associative" })` runs them without a loop
export { minGru } from "./min-gru.ts";
export { minLstm } from "./min-lstm.ts";
export { type QrnnPooling, qrnn, windowedQrnn } from "./qrnn.ts";
export { sru } from "./sru.ts";
