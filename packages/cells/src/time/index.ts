// Cells that read the time between steps, and which values were observed
export { gruD } from "./gru-d.ts";
export { type Decay, hiddenDecay, rnnDecay } from "./hidden-decay.ts";
export { meanDecay } from "./decay.ts";
