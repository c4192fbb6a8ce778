// Dynamical and orthogonal networks: cells whose recurrent weights, or whose differential equation, keep gradients alive
export { antisymmetricRnn } from "./antisymmetric-rnn.ts";
export { type CoRnnDamping, coRnn } from "./co-rnn.ts";
export { expRnn } from "./exp-rnn.ts";
export { gatedAntisymmetricRnn } from "./gated-antisymmetric-rnn.ts";
export { indRnn } from "./ind-rnn.ts";
export { lem } from "./lem.ts";
export { lipschitzRnn } from "./lipschitz-rnn.ts";
export { scoRnn } from "./sco-rnn.ts";
export { unicornn } from "./unicornn.ts";
