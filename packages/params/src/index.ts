// Specs: parameters before they have values
export type { InitOptions, ParameterSpec, ParamsOf, Role, SpecLeaf, Specs } from "./parameter.ts";
export { bias, kernel, parameter, recurrentKernel } from "./parameter.ts";
export { changeSpecs, initialize, initialTree, mapSpecs, parameterCount, specsOf } from "./parameter.ts";
export { checkParameters } from "./check-parameters.ts";

// Buffers: numbers beside the parameters that training changes without a gradient
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

// Constraints
export { type Constraint, constrain } from "./constraints/constraint.ts";
export { type MaxNormOptions, maxNorm } from "./constraints/max-norm.ts";

// Regularizers
export { type Regularizer, l1, l1l2, l2, regularization } from "./regularizers.ts";
