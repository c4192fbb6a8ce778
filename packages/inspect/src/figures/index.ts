// Gates and gradients
export { gateFigure, saturationFigure, type GateFigureOptions } from "./gates.ts";
export { gradientFlowFigure, type GradientFigureOptions } from "./gradients.ts";

// Dynamics of the state
export {
  eigenvalueFigure,
  fixedPointFigure,
  lyapunovFigure,
  singularValueFigure,
  type DrawnFixedPoint,
  type EigenvalueData,
  type FixedPointData,
  type FixedPointFigureOptions,
  type LyapunovData,
  type RowFigureOptions,
  type SingularValueFigureOptions,
} from "./dynamics.ts";

// Attribution and representation
export {
  ablationFigure,
  attributionFigure,
  patternFigure,
  probeFigure,
  similarityFigure,
  type AblationData,
  type AblationFigureOptions,
  type AttributionData,
  type AttributionFigureOptions,
  type PatternData,
  type PatternFigureOptions,
  type ProbeFigureOptions,
  type SimilarityFigureOptions,
} from "./explain.ts";
