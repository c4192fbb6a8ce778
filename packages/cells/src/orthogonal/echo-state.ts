import { buffer, randomUniform, type Initializer } from "@sluice/params";
import { add, keyFor, mul, tanh, tensor, TensorError } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkNotNegative, checkPositive } from "./checks.ts";
import { spectralRadius } from "./spectral-radius.ts";

/**
 * Echo state network: a random reservoir that is not trained; only what reads it is (Jaeger 2001, GMD report 148; with
 * leaky units Jaeger et al. 2007, doi:10.1016/j.neunet.2007.04.016):
 *
 *     h_t = (1 - leak) h_{t-1} + leak tanh(x_t W + h_{t-1} U + b)
 *
 * There are no parameters. W `[input, hidden]`, U `[hidden, hidden]` and b `[hidden]` are buffers, which `apply` is
 * given as `buffers: layer.initialBuffers()` and which never change. They are uniform on [-1, 1), W times `inputScale`,
 * b times `biasScale`, and U with a share `sparsity` of zeros and scaled to the spectral radius. The paper's feedback
 * from the output is left out.
 *
 * State and output: h. Trace: candidate. Place of norm: gates. Options: `spectralRadius`, the largest absolute
 * eigenvalue of U (default 0.9; below 1 the state forgets where it began, for most inputs), `leak` in (0, 1] (1),
 * `sparsity` in [0, 1) (0.9), `inputScale` (1), `biasScale` (0), and `seed`, an integer that tells reservoirs apart
 * (0). Throws a TensorError for options out of range, and where a sparse U has no eigenvalue but 0, so that it cannot
 * be scaled.
 *
 * Making the buffers takes 25 products of `[hidden, hidden]` matrices, in plain loops.
 */
export const echoState = defineCell({
  name: "echoState",
  options: { spectralRadius: 0.9, leak: 1, sparsity: 0.9, inputScale: 1, biasScale: 0, seed: 0 },
  params(_, { spectralRadius, leak, sparsity, inputScale, biasScale, seed }) {
    checkPositive("echoState", { spectralRadius, leak });
    checkNotNegative("echoState", { sparsity, inputScale, biasScale });
    if (leak > 1) throw new TensorError(`echoState: leak must be at most 1, got ${leak}`);
    if (sparsity >= 1) throw new TensorError(`echoState: sparsity must be below 1, got ${sparsity}`);
    if (!Number.isSafeInteger(seed)) throw new TensorError(`echoState: seed must be an integer, got ${String(seed)}`);
    return {};
  },
  buffers({ input, hidden }, { spectralRadius, sparsity, inputScale, biasScale, seed }) {
    return {
      W: buffer([input, hidden], { initial: uniformFrom(seed, inputScale) }),
      U: buffer([hidden, hidden], { initial: reservoir(seed, spectralRadius, sparsity) }),
      b: buffer([hidden], { initial: uniformFrom(seed, biasScale) }),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step(_, { h }, x, { norm, trace, input, recurrent, buffers, leak }) {
    const { W, U, b } = buffers;
    const n = trace("candidate", tanh(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b])));
    return { state: { h: add(mul(1 - leak, h), mul(leak, n)) }, output: "h" };
  },
});

const unit = randomUniform({ low: -1, high: 1 });

/** Uniform on [-scale, scale), of a key of the seed's own. */
const uniformFrom =
  (seed: number, scale: number): Initializer =>
  (key, shape, sizes) => {
    const drawn = unit(keyFor(key, String(seed)), shape, sizes);
    return { ...drawn, data: Float64Array.from(drawn.data, (v) => scale * v) };
  };

/** Uniform on [-1, 1) with a share of zeros, scaled to a spectral radius. */
const reservoir =
  (seed: number, radius: number, sparsity: number): Initializer =>
  (key, shape, sizes) => {
    const [hidden = 0] = shape;
    const drawn = uniformFrom(seed, 1)(key, shape, sizes).data;
    const places = uniformFrom(seed, 1)(keyFor(key, "places"), shape, sizes).data;
    const sparse = Float64Array.from(drawn, (v, k) => ((places[k] ?? 0) < 2 * sparsity - 1 ? 0 : v));
    const found = spectralRadius(sparse, hidden);
    if (found < 1e-3)
      throw new TensorError(
        `echoState: all eigenvalues of the reservoir of seed ${seed} are 0, so that it cannot be scaled to a spectral radius of ${radius}; lower sparsity ${sparsity}, or take another seed`,
      );
    return tensor(
      sparse.map((v) => (v * radius) / found),
      shape,
      { dtype: "f64" },
    );
  };
