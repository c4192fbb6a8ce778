// Cells that read the time between steps, and which values were observed
export { type CfcMode, cfc } from "./cfc.ts";
export { type LtcConductances, ltc } from "./ltc.ts";
export type { Wiring } from "./synapses.ts";
export { timeAwareLstm } from "./time-aware-lstm.ts";
export { type TimeLstmForm, timeLstm } from "./time-lstm.ts";
export { phasedLstm } from "./phased-lstm.ts";
export { ctGru } from "./ct-gru.ts";
export { type HiddenOdeOptions, hiddenOde, odeRnn } from "./hidden-ode.ts";
export { odeLstm } from "./ode-lstm.ts";
export type { PerceptronLayer } from "./perceptron.ts";
export type { OdeMethod, OdeSolver } from "./solvers.ts";
export { gruOdeBayes } from "./gru-ode-bayes.ts";
export { type CdePath, neuralCde } from "./neural-cde.ts";
export { gruFlow } from "./gru-flow.ts";
export { type RitsCombination, rits } from "./rits.ts";
export { gruD } from "./gru-d.ts";
export { type Decay, hiddenDecay, rnnDecay } from "./hidden-decay.ts";
export { meanDecay } from "../cell/decay.ts";
