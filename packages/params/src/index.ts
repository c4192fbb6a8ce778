// Specs of parameters
export type { ParameterSpec, ParamsOf, Role, Specs, WeightTensors } from "./parameter.ts";
export { bias, kernel, parameter, recurrentKernel } from "./parameter.ts";
export { type SpecLeaf, changeSpecs, mapSpecs, parameterCount, specsOf } from "./specs.ts";
export { type WeightLeaf, weightLeaves, weightSpecs } from "./specs.ts";
export { type InitOptions, initialize, initialTree } from "./initialize.ts";
export { checkParameters } from "./check-parameters.ts";

// Buffers: tensors besides the parameters that training changes without a gradient
export type { BufferLeaf, BufferOptions, BufferSpec, BufferSpecs, InitialBuffersOptions } from "./buffers.ts";
export { buffer, buffersOf, checkBuffers, initialBuffers, mapBuffers } from "./buffers.ts";

// Initializers
export type { Initializer, Sizes } from "./initializers/initializer.ts";
export { constant, identity, ones, scaledIdentity, zeros } from "./initializers/constant.ts";
export {
  type RandomNormalOptions,
  type TruncatedNormalOptions,
  type RandomUniformOptions,
  randomNormal,
  truncatedNormal,
  randomUniform,
} from "./initializers/random.ts";
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  pytorchUniform,
} from "./initializers/scaled.ts";
export { orthogonal, scaledOrthogonal } from "./initializers/orthogonal.ts";
export { type PlaneRotationsOptions, planeRotations } from "./initializers/plane-rotations.ts";

// Reparametrizations
export type {
  MadeWeight,
  Reparametrization,
  ReparametrizationContext,
  ReparametrizedSpec,
  WeightParameters,
} from "./reparametrizations/reparametrization.ts";
export { reparametrized } from "./reparametrizations/reparametrization.ts";
export { type MadeWeights, type WeightsOptions, makeWeights, weightsOf } from "./reparametrizations/weights.ts";
export { parametersOf } from "./reparametrizations/parts.ts";
export { weightBuffers } from "./reparametrizations/weight-buffers.ts";
export { type WeightNormParameters, weightNorm } from "./reparametrizations/weight-norm.ts";
export { type SpectralNormOptions, spectralNorm } from "./reparametrizations/spectral-norm.ts";
export { dropConnect } from "./reparametrizations/drop-connect.ts";
export {
  type OrthogonalParameters,
  orthogonalParametrization,
} from "./reparametrizations/orthogonal-parametrization.ts";
export {
  type CayleyOptions,
  type SkewParameters,
  cayleyParametrization,
} from "./reparametrizations/cayley-parametrization.ts";
export { exponentialParametrization } from "./reparametrizations/exponential-parametrization.ts";

// Constraints
export { type Constraint, constrain } from "./constraints/constraint.ts";
export { type NormAxes } from "./constraints/axes.ts";
export { maxNorm } from "./constraints/max-norm.ts";
export { nonNegative } from "./constraints/non-negative.ts";
export { type OrthogonalProjectionOptions, orthogonalProjection } from "./constraints/orthogonal-projection.ts";
export { unitNorm } from "./constraints/unit-norm.ts";

// Regularizers
export { type Regularizer, l1, l1l2, l2, regularization } from "./regularizers.ts";
