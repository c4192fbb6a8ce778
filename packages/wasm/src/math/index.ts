export { erf } from "./error-function.ts";
export { exp, expm1, sigmoid, tanh } from "./exp.ts";
export { log, log1p } from "./log.ts";
export { pow } from "./power.ts";
export { cos, sin } from "./sine.ts";
export { threefry2x32 } from "./threefry.ts";
