// Gradients over time
export { gradientFlow, stateGradients } from "./gradients/gradient-flow.ts";
export { stepNorms } from "./gradients/norms.ts";
export { type HorizonOptions, effectiveHorizon } from "./gradients/horizon.ts";

// Gates
export { type GateOptions, type GateOverTime, type Saturation, gatesOverTime, saturation } from "./gates/gates.ts";
export { type TimeScaleForm, type TimeScaleOptions, timeScales } from "./gates/time-scales.ts";
export type { StepOptions } from "./steps.ts";

// Attribution: what the inputs, gates and units do to a score
export type { AttributionOptions, Score, ScoreInputs } from "./attribution/score.ts";
export type { QuadratureRule } from "./attribution/quadrature.ts";
export {
  type IntegratedGradients,
  type IntegratedGradientsOptions,
  integratedGradients,
} from "./attribution/integrated-gradients.ts";
export type { FeatureGroup, TimeWindow } from "./attribution/windows.ts";
export { type Occlusion, type OcclusionOptions, occlusion } from "./attribution/occlusion.ts";
export {
  type Ablation,
  type AblationEffect,
  type AblationInputs,
  type AblationOptions,
  type AblationReport,
  type AblationRun,
  ablate,
} from "./attribution/ablation.ts";

// Representation: what the states hold
export type { Moment } from "./representation/moments.ts";
export {
  type PrincipalComponents,
  type PrincipalComponentsOptions,
  principalComponents,
  projected,
} from "./representation/principal-components.ts";
export {
  type SimilarityMeasure,
  linearCka,
  procrustesDistance,
  similarityOverTime,
} from "./representation/similarity.ts";
export {
  type PatternMatch,
  type PatternMatchOptions,
  type StatePattern,
  type StatePatternOptions,
  type StateRange,
  patternMatches,
  statePattern,
} from "./representation/patterns.ts";
export { type NearestMomentsOptions, type NearMoment, nearestMoments } from "./representation/nearest-moments.ts";
export type { ReadoutOptions, TestRows } from "./representation/probe-data.ts";
export { type RegressionScore, type RidgeReadout, ridgeReadout } from "./representation/ridge-readout.ts";
export { type ClassificationScore, type LogisticReadout, logisticReadout } from "./representation/logistic-readout.ts";

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
