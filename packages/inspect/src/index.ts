// Gradients over time
export { gradientFlow, stateGradients } from "./gradient-flow.ts";
export { stepNorms } from "./norms.ts";
export { type HorizonOptions, effectiveHorizon } from "./horizon.ts";

// Gates
export { type GateOptions, type GateOverTime, type Saturation, gatesOverTime, saturation } from "./gates.ts";
export type { StepOptions } from "./steps.ts";
