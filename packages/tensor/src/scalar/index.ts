export { errorFunctionF32, errorFunctionF64, inverseErrorF64 } from "./error-function.ts";
export { expF32, expm1F32, sigmoidF32, tanhF32 } from "./exp-f32.ts";
export { log1pF32, logF32 } from "./log-f32.ts";
export { expF64, expm1F64, sigmoidF64, tanhF64 } from "./exp-f64.ts";
export { log1pF64, logF64 } from "./log-f64.ts";
export { powF32, powF64 } from "./power.ts";
export { cosF32, cosF64, sinF32, sinF64 } from "./sine.ts";
export { threefry2x32, threefry2x32Into } from "./threefry.ts";
