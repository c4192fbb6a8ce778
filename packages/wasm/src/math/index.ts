export { exp, expm1, sigmoid, tanh } from "./exp.ts";
export { log, log1p } from "./log.ts";
export { threefry2x32 } from "./threefry.ts";
