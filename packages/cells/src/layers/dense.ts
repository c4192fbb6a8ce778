import { add, matmul, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { activationOf, type Activation } from "../options/activations.ts";
import { bias, checkBuffers, checkParameters, initialize, kernel, type ParameterSpec } from "@sluice/params";
import { checkSize } from "../options/size.ts";
import { checkApply } from "./apply-options.ts";
import { chosenBias, chosenKernel, weightOptions, type WeightOptions } from "./chosen.ts";
import { checkStates } from "./given-states.ts";
import { asMade, type Layer } from "./layer.ts";
import { lookedAt } from "./looked-at.ts";
import { repeatMasked } from "./repeat-masked.ts";

/** Options of {@link dense}. */
export interface DenseOptions extends WeightOptions {
  /** The number of input features. */
  readonly input: number;
  /** The number of output features. */
  readonly output: number;
  /** Default linear. */
  readonly activation?: Activation;
  /** Default true. */
  readonly bias?: boolean;
}

/** The parameters of {@link dense}. */
export type DenseParams = { readonly W: Tensor; readonly b?: Tensor };

type NoState = Readonly<Record<string, never>>;

export interface DenseLayer extends Layer<DenseParams, NoState> {
  readonly kind: "dense";
  readonly activation: Activation;
}

const denseOptions: readonly (keyof DenseOptions)[] = ["input", "output", "activation", "bias", ...weightOptions];

/**
 * A linear layer over the last axis, `f(x W + b)`: the readout of a model. It takes every step, `[batch, time, input]`,
 * or one vector per row, `[batch, input]`. W `[input, output]`, b `[output]`. It has no state. Steps beyond a row's
 * length and masked steps output `f(b)`, the value for an input of zeros, whatever their input holds. With
 * `maskedOutput: "repeat"` masked steps repeat the last output.
 */
export function dense(options: DenseOptions): DenseLayer {
  checkOptions("dense", options, denseOptions, {
    units: "output",
    hidden: "output",
    useBias: "bias",
    inputDim: "input",
  });
  const { activation = "linear" } = options;
  const input = checkSize("dense", "input", options.input);
  const output = checkSize("dense", "output", options.output);
  const f = activationOf(activation);
  const params = specsOf(input, output, options);
  return asMade({
    kind: "dense",
    name: "dense",
    activation,
    input,
    features: output,
    params,
    buffers: {},
    extra: {},
    init: (key, initOptions) => initialize(params, key, initOptions),
    initialBuffers: () => ({}),
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
      checkBuffers("dense", {}, applied.buffers, given.dtype);
      checkStates("dense", applied, {});
      const x = given.shape.length === 3 ? lookedAt("dense", given, applied) : given;
      const y = matmul(x, weights.W);
      const output = f(weights.b === undefined ? y : add(y, weights.b));
      return { output: repeatMasked("dense", output, applied), state: {}, carry: {}, buffers: {}, traces: {} };
    },
  });
}

function specsOf(
  input: number,
  output: number,
  options: DenseOptions,
): { readonly W: ParameterSpec; readonly b?: ParameterSpec } {
  const W = chosenKernel(kernel([input, output]), input, options);
  const b = chosenBias(bias([output]), input, options);
  return options.bias === false ? { W } : { W, b };
}
