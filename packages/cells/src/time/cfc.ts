import { bias, glorotUniform, kernel, parameter, ones, recurrentKernel, type ParameterSpec } from "@sluice/params";
import { abs, add, exp, mul, neg, sigmoid, split, sub, tanh, TensorError, type Tensor } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { elapsedTime } from "./elapsed.ts";
import { hiddenWidths, perceptronSpecs } from "./perceptron.ts";

const modes = ["default", "noGate", "pure"] as const;

/** The form of a {@link cfc}. */
export type CfcMode = (typeof modes)[number];

/** LeCun's tanh, `1.7159 tanh(0.666 x)`, as the authors' code has it. */
const lecunTanh = (x: Tensor): Tensor => mul(1.7159, tanh(mul(0.666, x)));

/**
 * The closed-form continuous-time cell, CfC (Hasani et al. 2022, arXiv:2106.13898). It interpolates between two states
 * by a gate that depends on the time that has passed. With p the output of a perceptron, the backbone, for [x_t,
 * h_{t-1}], and dt the elapsed time:
 *
 *     f, g, t_a, t_b = split(p W + b)
 *     s   = sigmoid(t_a dt + t_b)
 *     h_t = (1 - s) tanh(f) + s tanh(g)                      mode "default"
 *     h_t = tanh(f) + s tanh(g)                              mode "noGate"
 *     h_t = A - A exp(-dt (|w| + |f|)) f                     mode "pure", of which p W + b has only f
 *
 * The paper writes the gate sigmoid(-f dt) and exchanges the two states. `pure` is the closed-form solution itself
 * (Cf-S in the paper's tables) as the authors' code has it: with absolute values, and with f where the paper has
 * f(-x, -h).
 *
 * Besides x it reads `extra.elapsed` `[batch, time, 1]`. Options: `mode` (default "default"), `backboneLayers` (default
 * 1; 0 is none), `backboneUnits` (default 128), `backboneActivation` (default `1.7159 tanh(0.666 x)`).
 *
 * Parameters: the first layer is W `[input, n]`, U `[hidden, n]`, b `[n]`; those after it are `layers.0.W`,
 * `layers.0.b`, and so on. The widths n are `backboneUnits`, and of the last layer `4 hidden` in the order f, g, t_a,
 * t_b (pure: `hidden`). Mode pure has `w`, initially 0, and `A`, initially 1, both `[hidden]`. State and output: h.
 * Traces: first, second, gate (pure: first). Place of norm: gates, the output of the last layer.
 */
export const cfc = defineCell({
  name: "cfc",
  options: {
    mode: "default" as CfcMode,
    backboneLayers: 1,
    backboneUnits: 128,
    backboneActivation: lecunTanh as Activation,
  },
  extra: () => elapsedTime,
  params({ input, hidden }, { mode, backboneLayers, backboneUnits }) {
    if (!modes.includes(mode)) throw new TensorError(`cfc: unknown mode ${String(mode)}; ${suggestion(mode, modes)}`);
    const heads = mode === "pure" ? hidden : 4 * hidden;
    const widths = [...hiddenWidths("cfc", backboneLayers, backboneUnits), heads];
    const first = widths[0] ?? heads;
    return {
      W: kernel([input, first]),
      U: recurrentKernel([hidden, first], { initializer: glorotUniform }),
      b: bias([first]),
      layers: perceptronSpecs(widths),
      ...closedFormSpecs(mode, hidden),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step(params, { h }, x, { norm, trace, input, recurrent, extra, mode, backboneActivation }) {
    const { W, U, b, layers, w, A } = params;
    const f1 = activationOf(backboneActivation);
    const dt = extra.elapsed;
    const terms = layers.reduce<readonly Tensor[]>(
      (below, layer, i) => [input(`layers.${i}`, f1(sumOf(below)), layer.W, { source: "backbone" }), layer.b],
      [input("first", x, W), recurrent("first", h, U), b],
    );
    const heads = norm("gates", terms);
    if (w !== undefined && A !== undefined) {
      const f = trace("first", heads);
      return { state: { h: sub(A, mul(mul(A, exp(neg(mul(dt, add(abs(w), abs(f)))))), f)) }, output: "h" };
    }
    const [a1, a2, a3, a4] = split(heads, 4);
    const f = trace("first", tanh(a1));
    const g = trace("second", tanh(a2));
    const s = trace("gate", sigmoid(add(mul(a3, dt), a4)));
    return { state: { h: add(mode === "noGate" ? f : mul(sub(1, s), f), mul(s, g)) }, output: "h" };
  },
});

const sumOf = (terms: readonly Tensor[]): Tensor => terms.reduce((total, term) => add(total, term));

const closedFormSpecs = (mode: CfcMode, hidden: number): { w?: ParameterSpec; A?: ParameterSpec } =>
  mode === "pure" ? { w: parameter([hidden]), A: parameter([hidden], { initializer: ones }) } : {};
