// Cells whose units do not all take every step
export { clockwork } from "./clockwork.ts";
export { type SkipParameters, type SkipRnnOptions, type SkipState, skipRnn } from "./skip-rnn.ts";
