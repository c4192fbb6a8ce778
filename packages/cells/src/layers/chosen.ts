import type { Constraint, Initializer, ParameterSpec, Regularizer } from "@sluice/params";

type Chosen = {
  readonly [K in "initializer" | "regularizer" | "constraint"]: ParameterSpec[K] | undefined;
};

/** Options of a layer with a kernel and a bias. */
export interface WeightOptions {
  /** Initializes the weights. Default: Glorot's uniform distribution. */
  readonly kernelInitializer?: Initializer;
  /** Initializes the bias. Default: zeros. */
  readonly biasInitializer?: Initializer;
  /** Penalizes the weights. Default: none. */
  readonly kernelRegularizer?: Regularizer;
  /** Penalizes the bias. Default: none. */
  readonly biasRegularizer?: Regularizer;
  /** Applied after each update: by `fit` itself, by `trainer` with `constrain` of `@sluice/params`. Default: none. */
  readonly kernelConstraint?: Constraint;
  /** Applied to the bias after each update. Default: none. */
  readonly biasConstraint?: Constraint;
}

export const weightOptions: readonly (keyof WeightOptions)[] = [
  "kernelInitializer",
  "biasInitializer",
  "kernelRegularizer",
  "biasRegularizer",
  "kernelConstraint",
  "biasConstraint",
];

/** The spec of weights with what the user chose. */
export const chosenKernel = (spec: ParameterSpec, input: number, options: WeightOptions): ParameterSpec =>
  chosen(spec, input, {
    initializer: options.kernelInitializer,
    regularizer: options.kernelRegularizer,
    constraint: options.kernelConstraint,
  });

/** The spec of a bias with what the user chose. */
export const chosenBias = (spec: ParameterSpec, input: number, options: WeightOptions): ParameterSpec =>
  chosen(spec, input, {
    initializer: options.biasInitializer,
    regularizer: options.biasRegularizer,
    constraint: options.biasConstraint,
  });

function chosen(spec: ParameterSpec, input: number, { initializer, regularizer, constraint }: Chosen): ParameterSpec {
  return {
    ...spec,
    sizes: { input },
    ...(initializer && { initializer }),
    ...(regularizer && { regularizer }),
    ...(constraint && { constraint }),
  };
}
