// Gated cells and the simple RNN
export { rnn } from "./rnn.ts";
export { type Reset, gru } from "./gru.ts";
export { lstm } from "./lstm.ts";
export { janet } from "./janet.ts";
export type { Biases } from "./biases.ts";
