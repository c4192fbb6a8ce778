import { bias, checkBuffers, checkParameters, initialize, kernel, type ParameterSpec } from "@sluice/params";
import { add, matmul, mul, reshape, sliceAxis, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, shown, zerosArray } from "@sluice/tensor/internal";
import { floatOf, zeroPerturbations } from "../cell/states.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { checkSize } from "../options/size.ts";
import { checkApply, wantedOf } from "./apply-options.ts";
import { chosenBias, chosenKernel, weightOptions, type WeightOptions } from "./chosen.ts";
import { beginOf, dtypeOf } from "./given-states.ts";
import { asMade, checkInput, type Layer } from "./layer.ts";
import { overHistory, type PastState } from "./over-history.ts";

/** Options of {@link conv1d}. */
export interface Conv1dOptions extends WeightOptions {
  /** The number of input features. */
  readonly input: number;
  /** The number of output features. With `depthwise` the number of input features, which is also its default. */
  readonly output?: number;
  /** How many steps each output reads: the present one and earlier ones. */
  readonly kernelSize: number;
  /** How many steps lie between two that are read, plus one. Default 1: consecutive steps. */
  readonly dilation?: number;
  /** Whether each feature is convolved on its own, with a kernel of its own. Default false. */
  readonly depthwise?: boolean;
  /** Default linear. */
  readonly activation?: Activation;
  /** Default true. */
  readonly bias?: boolean;
}

/** W `[kernelSize, input, output]`, or `[kernelSize, input]` if depthwise; b `[output]`. */
export type Conv1dParams = { readonly W: Tensor; readonly b?: Tensor };

export interface Conv1dLayer extends Layer<Conv1dParams, PastState> {
  readonly kind: "conv1d";
  readonly kernelSize: number;
  readonly dilation: number;
  readonly depthwise: boolean;
  readonly activation: Activation;
}

/**
 * A causal convolution over time: an output reads its own step and `kernelSize - 1` earlier ones, `dilation` steps
 * apart.
 *
 *     y_t = f(b + sum_k x_{t - (kernelSize - 1 - k) dilation} W_k)        k = 0 ... kernelSize - 1, the oldest step first
 *
 * W_k is a matrix `[input, output]`. With `depthwise` it is a vector, multiplied elementwise, as in the short
 * convolutions of Mamba (Gu, Dao 2023, arXiv:2312.00752). The numbers are those of PyTorch's `Conv1d` after padding
 * with zeros on the left; its weights are `[output, input, kernelSize]`.
 *
 * The state is `past` `[batch, (kernelSize - 1) dilation, input]`, the last inputs, at first zeros: so windows carry
 * on, and streams give the same bits. Only steps that are taken count: masked ones are left out, as if the sequence
 * were cut. `resets` put `resetState` in the place of the past. There is no loop, so `segment` changes nothing; only
 * with `perturbations` or `intervene` does one run.
 */
export function conv1d(options: Conv1dOptions): Conv1dLayer {
  const { input, output, kernelSize, dilation, depthwise, activation } = checked(options);
  const f = activationOf(activation);
  const span = (kernelSize - 1) * dilation;
  const params = specsOf({ input, output, kernelSize, depthwise }, options);
  const layer = { name: "conv1d", input } as const;
  return asMade({
    kind: "conv1d",
    ...layer,
    features: output,
    kernelSize,
    dilation,
    depthwise,
    activation,
    params,
    buffers: {},
    extra: {},
    init: (key, initOptions) => initialize(params, key, initOptions),
    initialBuffers: () => ({}),
    initialState: (batch, stateOptions) => ({
      past: zerosArray([batch, span, input], beginOf("conv1d.initialState", stateOptions).dtype),
    }),
    perturbations: ({ batch, time }, stateOptions) =>
      zeroPerturbations({ past: [span, input] }, [batch, time], dtypeOf("conv1d.perturbations", stateOptions)),
    outputShape({ batch, time }) {
      if (time !== undefined) return [batch, time, output];
      throw new TensorError(
        'conv1d: it runs over time, and its input has no time axis; a layer before it has outputs: "last"',
      );
    },
    apply(weights, x, given = {}) {
      checkInput(layer, x);
      checkApply("conv1d", given);
      checkParameters("conv1d", params, weights, x);
      checkBuffers("conv1d", {}, given.buffers, floatOf(x, weights));
      const { wantedState } = wantedOf("conv1d", given.traces, { traces: [], states: ["past"] });
      const reading = {
        name: "conv1d",
        span,
        width: input,
        offsets: Array.from({ length: kernelSize }, (_, k) => (kernelSize - 1 - k) * dilation),
        tracesPast: wantedState("past"),
        remembered: (now: Tensor): Tensor => now,
        output(_: Tensor, read: Tensor) {
          const y = depthwise ? elementwise(read, weights.W) : product(read, weights.W);
          return { output: f(weights.b === undefined ? y : add(y, weights.b)), traces: {} };
        },
      };
      return overHistory(reading, x, given);
    },
  });
}

function checked(options: Conv1dOptions) {
  checkOptions(
    "conv1d",
    options,
    ["input", "output", "kernelSize", "dilation", "depthwise", "activation", "bias", ...weightOptions],
    {
      filters: "output",
      outChannels: "output",
      inChannels: "input",
      kernel_size: "kernelSize",
      kernel: "kernelSize",
      width: "kernelSize",
      dilationRate: "dilation",
      groups: "depthwise",
      useBias: "bias",
    },
  );
  const { depthwise = false, dilation = 1, activation = "linear" } = options;
  const input = checkSize("conv1d", "input", options.input);
  const kernelSize = checkSize("conv1d", "kernelSize", options.kernelSize);
  checkSize("conv1d", "dilation", dilation);
  if (typeof depthwise !== "boolean")
    throw new TensorError(`conv1d: depthwise must be true or false, got ${shown(depthwise)}`);
  const output = checkSize("conv1d", "output", depthwise ? (options.output ?? input) : options.output);
  if (depthwise && output !== input)
    throw new TensorError(
      `conv1d: depthwise convolves each of the ${input} features on its own, so output must be ${input}, got ${output}`,
    );
  return { input, output, kernelSize, dilation, depthwise, activation };
}

function specsOf(
  {
    input,
    output,
    kernelSize,
    depthwise,
  }: Readonly<Record<"input" | "output" | "kernelSize", number>> & {
    readonly depthwise: boolean;
  },
  options: Conv1dOptions,
): { readonly W: ParameterSpec; readonly b?: ParameterSpec } {
  const W = chosenKernel(kernel(depthwise ? [kernelSize, input] : [kernelSize, input, output]), input, options);
  const b = chosenBias(bias([output]), input, options);
  return options.bias === false ? { W } : { W, b };
}

/** One product for all steps of the kernel. */
function product(read: Tensor, W: Tensor): Tensor {
  const [batch = 0, time = 0, kernelSize = 0, input = 0] = read.shape;
  return matmul(
    reshape(read, [batch, time, kernelSize * input]),
    reshape(W, [kernelSize * input, W.shape.at(-1) ?? 0]),
  );
}

/** The steps of the kernel, each times its row of W, in their order. */
function elementwise(read: Tensor, W: Tensor): Tensor {
  const [batch = 0, time = 0, kernelSize = 0, input = 0] = read.shape;
  const terms = Array.from({ length: kernelSize }, (_, k) =>
    mul(reshape(sliceAxis(read, 2, k, k + 1), [batch, time, input]), reshape(sliceAxis(W, 0, k, k + 1), [input])),
  );
  return terms.reduce((a, b) => add(a, b));
}
