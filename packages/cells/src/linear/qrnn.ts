import { bias, kernel } from "@sluice/params";
import { concat, mul, sigmoid, sliceAxis, split, sub, tanh, TensorError, type Tensor } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import type { CellSizes } from "../cell/cell.ts";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";
import type { StepContext } from "../definition/step-context.ts";

/** The gates of the pooling of {@link qrnn}: forget; forget and output; input, forget and output. */
export type QrnnPooling = "f" | "fo" | "ifo";

/** The blocks of W and b: z, f, then i and o where the pooling has them. */
const blocks: Readonly<Record<QrnnPooling, number>> = { f: 2, fo: 3, ifo: 4 };

/**
 * Quasi-recurrent neural network (Bradbury et al. 2017, arXiv:1611.01576) with a window of one step: gates of the input
 * alone, and a pooling that is element by element.
 *
 *     z_t = tanh(x_t W_z + b_z)
 *     f_t = sigmoid(x_t W_f + b_f)
 *     i_t = sigmoid(x_t W_i + b_i)              pooling ifo
 *     o_t = sigmoid(x_t W_o + b_o)              pooling fo and ifo
 *     c_t = f_t c_{t-1} + (1 - f_t) z_t         pooling f and fo
 *     c_t = f_t c_{t-1} + i_t z_t               pooling ifo
 *     h_t = c_t                                 pooling f
 *     h_t = o_t c_t                             pooling fo and ifo
 *
 * Its windows of more steps are {@link windowedQrnn}. The paper writes no biases, and the authors' code
 * (salesforce/pytorch-qrnn) has them; its f is the share of z. The paper's zoneout of f is `zoneout(cell, { c })`.
 * Parameters: W `[input, n hidden]`, b `[n hidden]`, blocks in the order z, f, i, o, of which the pooling f has z and
 * f, fo has z, f and o. State: c. Output: h. Traces: candidate, forget, input, output. Places of norm: gates (z, f, i),
 * output. Option: `pooling` (default fo, the one that the paper's experiments use).
 */
export const qrnn = defineAssociativeCell({
  name: "qrnn",
  options: { pooling: "fo" as QrnnPooling },
  params: ({ input, hidden }, { pooling }) => convolution("qrnn", { input, hidden }, pooling),
  state: ({ hidden }) => ({ c: [hidden] }),
  recurrence: linearRecurrence("c"),
  elements: ({ W, b }, x, context) => poolingOf({ W, b }, x, context),
  output: ({ W, b }, { c }, x, context) => shown({ W, b }, c, x, context),
});

/**
 * {@link qrnn} with a window of several steps, a masked convolution over time: in its equations
 *
 *     [x_{t - window + 1}, ..., x_{t-1}, x_t]
 *
 * is in the place of x_t, and W is `[window input, n hidden]`. Inputs before the first are zeros. Those that later
 * steps still read are a state. States: c, and last `[(window - 1) input]`, earliest first; masked steps are not in the
 * window. Options: `pooling` (default fo), `window` (default 2, at least 2).
 */
export const windowedQrnn = defineAssociativeCell({
  name: "windowedQrnn",
  options: { pooling: "fo" as QrnnPooling, window: 2 },
  params({ input, hidden }, { pooling, window }) {
    if (!Number.isSafeInteger(window) || window < 2)
      throw new TensorError(
        `windowedQrnn: window must be an integer >= 2, got ${String(window)}; a window of one step is qrnn`,
      );
    return convolution("windowedQrnn", { input: window * input, hidden }, pooling);
  },
  state: ({ input, hidden }, { window }) => ({ c: [hidden], last: [(window - 1) * input] }),
  past: "last",
  recurrence: linearRecurrence("c"),
  elements: ({ W, b }, x, context) => poolingOf({ W, b }, concat([context.past, x], 1), context),
  output: ({ W, b }, { c }, x, context) => shown({ W, b }, c, concat([context.before.last, x], 1), context),
});

interface Weights {
  readonly W: Tensor;
  readonly b: Tensor;
}

type Context = Pick<StepContext, "norm" | "trace" | "input" | "sizes"> & { readonly pooling: QrnnPooling };

function convolution(name: string, { input, hidden }: CellSizes, pooling: QrnnPooling) {
  if (!Object.hasOwn(blocks, pooling))
    throw new TensorError(
      `${name}: unknown pooling ${String(pooling)}; ${suggestion(String(pooling), Object.keys(blocks))}`,
    );
  return { W: kernel([input, blocks[pooling] * hidden]), b: bias([blocks[pooling] * hidden]) };
}

/** c_t = a c_{t-1} + b. */
function poolingOf({ W, b }: Weights, x: Tensor, { norm, trace, input, sizes, pooling }: Context) {
  const count = pooling === "f" ? 2 : blocks[pooling] - 1;
  const columns = (y: Tensor): Tensor => sliceAxis(y, -1, 0, count * sizes.hidden);
  const [z1, f1, i1] = parts(norm("gates", [input("gates", x, columns(W)), columns(b)]), count);
  const z = trace("candidate", tanh(z1));
  const f = trace("forget", sigmoid(f1));
  const i = i1 === undefined ? sub(1, f) : trace("input", sigmoid(i1));
  return { a: f, b: mul(i, z) };
}

function shown({ W, b }: Weights, c: Tensor, x: Tensor, { norm, trace, input, sizes, pooling }: Context): "c" | Tensor {
  if (pooling === "f") return "c";
  const n = blocks[pooling];
  const column = (y: Tensor): Tensor => sliceAxis(y, -1, (n - 1) * sizes.hidden, n * sizes.hidden);
  return mul(trace("output", sigmoid(norm("output", [input("output", x, column(W)), column(b)]))), c);
}

/** z, f and, of three, i. */
const parts = (y: Tensor, count: number): readonly [Tensor, Tensor, Tensor?] =>
  count === 3 ? split(y, 3) : split(y, 2);
