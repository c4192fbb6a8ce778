// Gated cells and the simple RNN
export { rnn } from "./rnn.ts";
export { type Reset, gru } from "./gru.ts";
export { lstm } from "./lstm.ts";
export { janet } from "./janet.ts";
export { type MguForm, mgu } from "./mgu.ts";
export { liGru } from "./li-gru.ts";
export { lightRu } from "./light-ru.ts";
export { ran } from "./ran.ts";
export { cfn } from "./cfn.ts";
export { atr } from "./atr.ts";
export { ugrnn } from "./ugrnn.ts";
export { intersectionRnn } from "./intersection-rnn.ts";
export { minimalRnn } from "./minimal-rnn.ts";
export { scrn } from "./scrn.ts";
export { type ResLstmShortcut, resLstm } from "./res-lstm.ts";
export { mogrifierLstm } from "./mogrifier-lstm.ts";
export { hyperLstm } from "./hyper-lstm.ts";
export type { Biases } from "./biases.ts";
