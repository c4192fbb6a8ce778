// Gradients over time
export { gradientFlow, stateGradients } from "./gradients/gradient-flow.ts";
export { stepNorms } from "./gradients/norms.ts";
export { type HorizonOptions, effectiveHorizon } from "./gradients/horizon.ts";

// Gates
export { type GateOptions, type GateOverTime, type Saturation, gatesOverTime, saturation } from "./gates/gates.ts";
export { type TimeScaleForm, type TimeScaleOptions, timeScales } from "./gates/time-scales.ts";
export type { StepOptions } from "./steps.ts";

// Dynamics of the state
export type {
  Autocorrelation,
  Eigenvalues,
  FixedPoint,
  FixedPoints,
  LyapunovSpectrum,
  MemoryCurve,
  StatePart,
} from "./dynamics/results.ts";
export { stateParts } from "./dynamics/state-vector.ts";
export { type TrajectoryOptions, stateTrajectory } from "./dynamics/trajectory.ts";
export { jacobianProducts, stateJacobians } from "./dynamics/jacobians.ts";
export { singularValues } from "./matrices/singular-values.ts";
export { eigenvalues } from "./matrices/eigenvalues.ts";
export { type LyapunovOptions, lyapunovSpectrum } from "./dynamics/lyapunov.ts";
export { inputSensitivity, memoryCurve } from "./dynamics/memory.ts";
export { type AutocorrelationOptions, autocorrelation } from "./dynamics/autocorrelation.ts";
export { type FixedPointOptions, fixedPoints } from "./dynamics/fixed-points/fixed-points.ts";
