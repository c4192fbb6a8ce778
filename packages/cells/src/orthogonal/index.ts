// Cells with a long memory: differential equations, orthogonal weights, fixed weights
export { antisymmetricRnn } from "./antisymmetric-rnn.ts";
export { type CoRnnDamping, coRnn } from "./co-rnn.ts";
export { echoState } from "./echo-state.ts";
export { expRnn } from "./exp-rnn.ts";
export { gatedAntisymmetricRnn } from "./gated-antisymmetric-rnn.ts";
export { indRnn } from "./ind-rnn.ts";
export { lem } from "./lem.ts";
export { lipschitzRnn } from "./lipschitz-rnn.ts";
export { scoRnn } from "./sco-rnn.ts";
export { shufflingRnn } from "./shuffling-rnn.ts";
export { unicornn } from "./unicornn.ts";
