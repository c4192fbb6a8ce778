// Gradients over time
export { gradientFlow, stateGradients } from "./gradients/gradient-flow.ts";
export { stepNorms } from "./gradients/norms.ts";
export { type HorizonOptions, effectiveHorizon } from "./gradients/horizon.ts";

// Gates
export { type GateOptions, type GateOverTime, type Saturation, gatesOverTime, saturation } from "./gates/gates.ts";
export type { StepOptions } from "./steps.ts";
