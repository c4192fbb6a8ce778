import { bias, nonNegative, ones, parameter, randomUniform, type Constraint, type ParameterSpec } from "@sluice/params";
import { add, convert, div, mul, sliceAxis, softplus, type Tensor, TensorError } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";
import { checkSize } from "../options/size.ts";
import { elapsedTime } from "./elapsed.ts";
import { currents, synapseSpecs, together, wiringOf, type Wiring } from "./synapses.ts";

const conductances = ["softplus", "constraint"] as const;

/** How an {@link ltc} keeps its conductances and capacities positive. */
export type LtcConductances = (typeof conductances)[number];

/**
 * The liquid time-constant cell, LTC (Hasani et al. 2021, arXiv:2006.04439): neurons whose time constants depend on
 * their input, solved by L steps of the fused semi-implicit solver (the paper's algorithm 1). As in the authors' code,
 * f of the paper is a sum over synapses from neuron i to neuron j, which open as i is excited:
 *
 *     u   = x_t input_w + input_b
 *     S_j = sum_i sensory.w_ij sigmoid(sensory.sigma_ij (u_i - sensory.mu_ij))        R_j: each term times sensory.erev_ij
 *     L times:
 *       P_j = sum_i synapses.w_ij sigmoid(synapses.sigma_ij (h_i - synapses.mu_ij))   Q_j: each term times synapses.erev_ij
 *       h_j = (cm_j h_j + dt/L (gleak_j vleak_j + Q_j + R_j)) / (cm_j + dt/L (gleak_j + P_j + S_j + 1e-8))
 *     y   = h[0 : outputs] output_w + output_b
 *
 * The authors' code divides numerator and denominator by dt/L; written as here, no elapsed time leaves h as it was.
 * Besides x it reads `extra.elapsed` `[batch, time, 1]`.
 *
 * Options: `unfolds` L (default 6); `outputs`, how many neurons are put out (default all); `inputMapping` and
 * `outputMapping` (default true), whether there are input_w, input_b, output_w and output_b; `sensoryWiring` `[input,
 * hidden]` and `wiring` `[hidden, hidden]`, rows of 0 and 1 that say which synapses exist (default all);
 * `conductances`, how w, cm and gleak are kept positive: `softplus` (default) takes the softplus of the parameters,
 * `constraint` takes them as they are and sets negative ones to 0 after every update.
 *
 * Parameters: sensory.w, .mu, .sigma, .erev `[input, hidden]`, synapses.w, .mu, .sigma, .erev `[hidden, hidden]`; cm,
 * gleak, vleak `[hidden]`; input_w, input_b `[input]`, output_w, output_b `[outputs]`. They begin as in the authors'
 * code. State: h. Output: y, which is h if there is no output mapping and every neuron is an output. Trace: timeConstant,
 * the paper's tau_sys in the last of the L steps, cm_j / (gleak_j + P_j + S_j + 1e-8), `[batch, hidden]`. The step has
 * no place of norm and no recurrent product, so normalizers and recurrent dropout are refused.
 */
export const ltc = defineCell({
  name: "ltc",
  options: {
    unfolds: 6,
    outputs: undefined as number | undefined,
    inputMapping: true,
    outputMapping: true,
    sensoryWiring: undefined as Wiring | undefined,
    wiring: undefined as Wiring | undefined,
    conductances: "softplus" as LtcConductances,
  },
  extra: () => elapsedTime,
  params({ input, hidden }, { unfolds, outputs = hidden, inputMapping, outputMapping, ...options }) {
    checkSize("ltc", "unfolds", unfolds);
    if (checkSize("ltc", "outputs", outputs) > hidden)
      throw new TensorError(`ltc: outputs must be at most the ${hidden} hidden neurons, got ${outputs}`);
    if (!conductances.includes(options.conductances))
      throw new TensorError(
        `ltc: unknown conductances ${String(options.conductances)}; ${suggestion(options.conductances, conductances)}`,
      );
    wiringOf("ltc: sensoryWiring", options.sensoryWiring, input, hidden);
    wiringOf("ltc: wiring", options.wiring, hidden, hidden);
    const positive = options.conductances === "constraint" ? { constraint: nonNegative() } : {};
    const uniform = (low: number, high: number, held: { readonly constraint?: Constraint } = {}): ParameterSpec =>
      parameter([hidden], { initializer: randomUniform({ low, high }), ...held });
    return {
      sensory: synapseSpecs(input, hidden, positive),
      synapses: synapseSpecs(hidden, hidden, positive),
      cm: uniform(0.4, 0.6, positive),
      gleak: uniform(0.001, 1, positive),
      vleak: uniform(-0.2, 0.2),
      ...inputSpecs(inputMapping, input),
      ...outputSpecs(outputMapping, outputs),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  withoutNorm: "a synapse opens by one neuron alone, so there is no sum over a layer before the nonlinearity",
  step(params, { h }, x, { extra, sizes, observe, unfolds, outputs = sizes.hidden, ...options }) {
    const { input, hidden } = sizes;
    const { vleak, input_w, input_b, output_w, output_b } = params;
    const positive = (w: Tensor): Tensor => (options.conductances === "softplus" ? softplus(w) : w);
    const wired = (w: Tensor, wiring: Tensor | undefined): Tensor =>
      wiring === undefined ? positive(w) : mul(positive(w), convert(wiring, x.dtype));
    const sensory = {
      ...params.sensory,
      w: wired(params.sensory.w, wiringOf("ltc: sensoryWiring", options.sensoryWiring, input, hidden)),
    };
    const synapses = {
      ...params.synapses,
      w: wired(params.synapses.w, wiringOf("ltc: wiring", options.wiring, hidden, hidden)),
    };
    const [cm, gleak] = [positive(params.cm), positive(params.gleak)];

    const u = affine(x, input_w, input_b);
    const SR = currents(u, sensory);
    const by = div(extra.elapsed, unfolds);
    let next = h;
    for (let i = 0; i < unfolds; i++) {
      const [g, current] = together(currents(next, synapses), SR);
      const conductance = add(add(gleak, g), 1e-8);
      if (i === unfolds - 1) observe("timeConstant", div(cm, conductance));
      next = div(add(mul(cm, next), mul(by, add(mul(gleak, vleak), current))), add(cm, mul(by, conductance)));
    }
    const isState = outputs === hidden && output_w === undefined;
    return { state: { h: next }, output: isState ? "h" : affine(sliceAxis(next, 1, 0, outputs), output_w, output_b) };
  },
});

const inputSpecs = (mapped: boolean, width: number): { input_w?: ParameterSpec; input_b?: ParameterSpec } =>
  mapped ? { input_w: parameter([width], { initializer: ones }), input_b: bias([width]) } : {};

const outputSpecs = (mapped: boolean, width: number): { output_w?: ParameterSpec; output_b?: ParameterSpec } =>
  mapped ? { output_w: parameter([width], { initializer: ones }), output_b: bias([width]) } : {};

/** `x w + b` by elements, where there are w and b. */
const affine = (x: Tensor, w: Tensor | undefined, b: Tensor | undefined): Tensor =>
  w === undefined || b === undefined ? x : add(mul(x, w), b);
