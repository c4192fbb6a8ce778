import { bias, kernel, parameter, recurrentKernel } from "@sluice/params";
import { add, mul, split, sub, TensorError, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { checkSize } from "../options/size.ts";
import { biasesOf, given, raised, type Biases } from "./biases.ts";

/**
 * Long short-term memory (Hochreiter, Schmidhuber 1997; forget gate: Gers et al. 2000):
 *
 *     i_t = sigmoid(x_t W_i + h_{t-1} U_i + b_i)                peephole: + p_i c_{t-1} inside
 *     f_t = sigmoid(x_t W_f + h_{t-1} U_f + b_f)                peephole: + p_f c_{t-1} inside
 *     g_t = tanh(x_t W_g + h_{t-1} U_g + b_g)
 *     c_t = f_t c_{t-1} + i_t g_t
 *     o_t = sigmoid(x_t W_o + h_{t-1} U_o + b_o)                peephole: + p_o c_t inside
 *     h_t = o_t tanh(c_t)                                       projection: (o_t tanh(c_t)) P
 *
 * Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]` (and bh with two biases), gates in
 * PyTorch's order i, f, g, o. States: h, c; output: h. Traces: input, forget, candidate, output. Places of norm: gates,
 * cell. Options:
 *
 * - `activation` (default tanh), `recurrentActivation` (default sigmoid), `biases` 0, 1 (default) or 2.
 * - `forgetBias` is added to the initial bias of the forget gate (default 1: Jozefowicz et al. 2015; 0 is PyTorch's). A
 *   `layerNorm({ placement: "gates" })` takes the mean of a gate away, and this number with it.
 * - `peephole` (default false; Gers et al. 2002): gates see the memory. p `[3 hidden]`, in the order i, f, o, begins as
 *   zeros. The norm of the gates does not include its terms.
 * - `projection` (default none; Sak et al. 2014, arXiv:1402.1128; PyTorch's `proj_size`): the width of h. P `[hidden,
 *   projection]`, U `[projection, 4 hidden]`.
 * - `coupled` (default false; Greff et al. 2015, arXiv:1503.04069): f_t = 1 - i_t.
 * - `forgetGate` (default true): without it f_t = 1, as in 1997.
 *
 * A cell that is coupled or has no forget gate has no block f in W, U, b and p. Throws a TensorError if it is given a
 * `forgetBias`, and so does one without biases. `coupled` and `forgetGate: false` together are an error, too.
 */
export const lstm = defineCell({
  name: "lstm",
  options: {
    activation: "tanh" as Activation,
    recurrentActivation: "sigmoid" as Activation,
    biases: 1 as Biases,
    forgetBias: undefined as number | undefined,
    peephole: false,
    projection: undefined as number | undefined,
    coupled: false,
    forgetGate: true,
  },
  params({ input, hidden }, options) {
    checkForget(options);
    const { biases, forgetBias = 1, peephole, projection } = options;
    const hasF = forgetsByItself(options);
    const gates = hasF ? 4 : 3;
    const raise = raised({ from: hidden, to: 2 * hidden, by: forgetBias });
    return {
      W: kernel([input, gates * hidden]),
      U: recurrentKernel([width(hidden, projection), gates * hidden]),
      ...biasesOf(biases, bias([gates * hidden], hasF ? { adjust: raise } : {}), bias([gates * hidden])),
      ...(peephole ? { p: parameter([(gates - 1) * hidden]) } : {}),
      ...(projection === undefined ? {} : { P: recurrentKernel([hidden, projection]) }),
    };
  },
  state: ({ hidden }, { projection }) => ({ h: [width(hidden, projection)], c: [hidden] }),
  step({ W, U, b, bh, p, P }, { h, c }, x, { norm, trace, input, recurrent, ...options }) {
    const [f1, s] = [activationOf(options.activation), activationOf(options.recurrentActivation)];
    const hasF = forgetsByItself(options);
    const a = norm("gates", [input("gates", x, W), recurrent("gates", h, U), ...given(b, bh)]);
    const [ai, af, ag, ao] = hasF ? split(a, 4) : withoutF(split(a, 3));
    const [pi, pf, po] = p === undefined ? [] : hasF ? split(p, 3) : withoutF(split(p, 2));

    const i = trace("input", s(seeing(ai, pi, c)));
    const f = options.coupled ? trace("forget", sub(1, i)) : af && trace("forget", s(seeing(af, pf, c)));
    const g = trace("candidate", f1(ag));
    const nextC = add(f === undefined ? c : mul(f, c), mul(i, g));
    const o = trace("output", s(seeing(ao, po, nextC)));
    const m = mul(o, f1(norm("cell", nextC)));
    const nextH = P === undefined ? m : recurrent("projection", m, P, { gates: 1, source: "memory" });
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});

interface Forget {
  readonly biases: Biases;
  readonly coupled: boolean;
  readonly forgetGate: boolean;
  readonly forgetBias: number | undefined;
}

/** Whether there is a forget gate with weights of its own. */
const forgetsByItself = ({ coupled, forgetGate }: Pick<Forget, "coupled" | "forgetGate">): boolean =>
  forgetGate && !coupled;

function checkForget({ biases, coupled, forgetGate, forgetBias }: Forget): void {
  if (coupled && !forgetGate)
    throw new TensorError(
      "lstm: coupled: true makes the forget gate 1 - i, and forgetGate: false leaves it out; give one of them",
    );
  if (forgetBias !== undefined && (coupled || !forgetGate))
    throw new TensorError(
      `lstm: forgetBias ${forgetBias} needs a forget gate with a bias; there is none with ${coupled ? "coupled: true" : "forgetGate: false"}, so leave forgetBias out`,
    );
  if (forgetBias !== undefined && biases === 0)
    throw new TensorError(
      `lstm: forgetBias ${forgetBias} is part of the bias of the forget gate, and biases: 0 leaves all biases out; give one of them`,
    );
}

/** Blocks i, ... of a cell that has no block f, which comes second. */
const withoutF = <Rest extends readonly Tensor[]>([i, ...rest]: readonly [Tensor, ...Rest]) =>
  [i, undefined, ...rest] as const;

/** The width of h. */
const width = (hidden: number, projection: number | undefined): number =>
  projection === undefined ? hidden : checkSize("lstm", "projection", projection);

/** A gate's preactivation with the memory that it sees through its peephole. */
const seeing = (a: Tensor, p: Tensor | undefined, c: Tensor): Tensor => (p === undefined ? a : add(a, mul(p, c)));
