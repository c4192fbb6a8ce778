export { exp, sigmoid, tanh } from "./exp.ts";
export { log, log1p } from "./log.ts";
export { threefry2x32 } from "./threefry.ts";
