import { add, checkOptions, matmul, TensorError, type Tensor } from "@sluice/tensor";
import { activationOf, type Activation } from "../activations.ts";
import { checkParameters } from "../check-parameters.ts";
import { checkSize } from "../size.ts";
import type { Initialiser } from "../initialisers/initialiser.ts";
import { bias, initialise, kernel, type ParameterSpec } from "../parameter.ts";
import type { Regulariser } from "../regularisers.ts";
import { checkApply, checkStates, lookedAt } from "./arguments.ts";
import { asMade, type Layer } from "./layer.ts";

export interface DenseOptions {
  readonly input: number;
  readonly output: number;
  /** Default linear. */
  readonly activation?: Activation;
  /** Default true. */
  readonly bias?: boolean;
  readonly kernelInitialiser?: Initialiser;
  readonly biasInitialiser?: Initialiser;
  readonly kernelRegulariser?: Regulariser;
  readonly biasRegulariser?: Regulariser;
}

export type DenseParams = { readonly W: Tensor; readonly b?: Tensor };

type NoState = Readonly<Record<string, never>>;

export interface DenseLayer extends Layer<DenseParams, NoState> {
  readonly kind: "dense";
  readonly activation: Activation;
}

/**
 * A linear layer over the last axis, `f(x W + b)`: the readout of a model, of every step `[batch, time, input]` or of
 * one vector `[batch, input]` a row. W `[input, output]`, b `[output]`. It has no state. Steps beyond a row's length,
 * and masked ones, get its value of zeros, `f(b)`, whatever stands there.
 */
export function dense(options: DenseOptions): DenseLayer {
  checkOptions(
    "dense",
    options,
    [
      "input",
      "output",
      "activation",
      "bias",
      "kernelInitialiser",
      "biasInitialiser",
      "kernelRegulariser",
      "biasRegulariser",
    ],
    { units: "output", hidden: "output", useBias: "bias", inputDim: "input" },
  );
  const { activation = "linear", kernelInitialiser, biasInitialiser, kernelRegulariser, biasRegulariser } = options;
  const input = checkSize("dense", "input", options.input);
  const output = checkSize("dense", "output", options.output);
  const f = activationOf(activation);
  const chosen = (
    spec: ParameterSpec,
    initialiser: Initialiser | undefined,
    regulariser: Regulariser | undefined,
  ): ParameterSpec => ({
    ...spec,
    sizes: { input },
    ...(initialiser === undefined ? {} : { initialiser }),
    ...(regulariser === undefined ? {} : { regulariser }),
  });
  const W = chosen(kernel([input, output]), kernelInitialiser, kernelRegulariser);
  const b = chosen(bias([output]), biasInitialiser, biasRegulariser);
  const params: { readonly W: ParameterSpec; readonly b?: ParameterSpec } = options.bias === false ? { W } : { W, b };
  return asMade({
    kind: "dense",
    name: "dense",
    activation,
    input,
    features: output,
    params,
    extra: {},
    init: (key, initOptions) => initialise(params, key, initOptions),
    initialState: () => ({}),
    perturbations: () => ({}),
    outputShape: ({ batch, time }) => [batch, ...(time === undefined ? [] : [time]), output],
    apply(weights, given, applied = {}) {
      checkApply("dense", applied);
      if (given.shape.at(-1) !== input || given.shape.length < 2) {
        throw new TensorError(
          `dense: expected an input [batch, ${input}] or [batch, time, ${input}], got [${given.shape.join(", ")}]`,
        );
      }
      checkParameters("dense", params, weights, given);
      checkStates("dense", applied, {});
      const x = given.shape.length === 3 ? lookedAt("dense", given, applied) : given;
      const y = matmul(x, weights.W);
      return { output: f(weights.b === undefined ? y : add(y, weights.b)), state: {}, carry: {}, traces: {} };
    },
  });
}
