// Cells that read the time between steps, and which values were observed
export { type CfcMode, cfc } from "./cfc.ts";
export { type LtcConductances, ltc } from "./ltc.ts";
export type { Wiring } from "./synapses.ts";
export { timeAwareLstm } from "./time-aware-lstm.ts";
export { type TimeLstmForm, timeLstm } from "./time-lstm.ts";
export { phasedLstm } from "./phased-lstm.ts";
export { gruD } from "./gru-d.ts";
export { type Decay, hiddenDecay, rnnDecay } from "./hidden-decay.ts";
export { meanDecay } from "./decay.ts";
