import {
  bias,
  glorotUniform,
  parameter,
  recurrentKernel,
  reparametrized,
  spectralNorm,
  type ParameterSpec,
  type ReparametrizedSpec,
} from "@sluice/params";
import { add, concat, matmul, mul, sigmoid, sub, tanh, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { gru } from "../gated/gru.ts";
import { checkSize } from "../options/size.ts";
import { elapsedTime } from "./elapsed.ts";

/** How much of z and r there is, so that the flow can be inverted (theorem 1 of the paper). */
const [alpha, beta] = [2 / 5, 4 / 5];

/**
 * GRU flow (Bilos et al. 2021, "Neural flows", arXiv:2110.13040): between observations the state follows a flow, which
 * is a solution of an unknown differential equation and needs no solver; an observation is the step of a GRU.
 *
 *     z   = 2/5 sigmoid([h, dt] W_z + b_z)
 *     r   = 4/5 sigmoid([h, dt] W_r + b_r)
 *     n   = tanh([r h, dt] W_n + b_n)
 *     h' <- h' + tanh(w dt) z (n - h')                 for each block, from h_{t-1}
 *     h_t = GRU(x_t, h')
 *
 * z stands where the GRU-ODE has 1 - z, as in the authors' code (mbilos/neural-flows-experiments). The matrices W_z,
 * W_r, W_n are divided by their largest singular value; with the factors 2/5 and 4/5, and |tanh| below 1, each block
 * can be inverted, so that trajectories do not cross. No elapsed time leaves the state as it was. Besides x it reads
 * `extra.elapsed` `[batch, time, 1]`.
 *
 * The largest singular values are estimated from vectors in the buffers (`spectralNorm`), so that `apply` needs
 * `buffers: layer.initialBuffers()`, and those that training returned afterwards.
 *
 * Option: `blocks` (default 2). Parameters: of block k flow.k.Wz, flow.k.Wr, flow.k.Wn `[hidden + 1, hidden]`,
 * flow.k.bz, flow.k.br, flow.k.bn and flow.k.w `[hidden]`; those of the GRU, gru.W, gru.U, gru.b, gru.bh. State and
 * output: gru.h. Traces: those of the GRU, `gru.reset` and so on. A normalizer acts within the GRU. Dropout does not
 * act within the flow.
 */
export const gruFlow = defineCell({
  name: "gruFlow",
  options: { blocks: 2 },
  extra: () => elapsedTime,
  cells: (sizes, _, { norm }) => ({ gru: gru({ ...sizes, ...(norm && { norm }) }) }),
  params: ({ hidden }, { blocks }) => ({
    flow: Array.from({ length: checkSize("gruFlow", "blocks", blocks) }, () => blockSpecs(hidden)),
  }),
  state: () => ({}),
  step({ flow }, { gru: { h } }, x, { extra, cells }) {
    const evolved = flow.reduce((y, block) => flowBlock(block, y, extra.elapsed), h);
    const { state } = cells.gru(x, { state: { h: evolved } });
    return { state: { gru: state }, output: "gru.h" };
  },
});

/** Parameters of a block. */
type Block<W, V> = { readonly [K in "Wz" | "Wr" | "Wn"]: W } & { readonly [K in "bz" | "br" | "bn" | "w"]: V };

function flowBlock({ Wz, Wr, Wn, bz, br, bn, w }: Block<Tensor, Tensor>, h: Tensor, dt: Tensor): Tensor {
  const both = concat([h, dt], 1);
  const z = mul(alpha, sigmoid(add(matmul(both, Wz), bz)));
  const r = mul(beta, sigmoid(add(matmul(both, Wr), br)));
  const n = tanh(add(matmul(concat([mul(r, h), dt], 1), Wn), bn));
  return add(h, mul(mul(tanh(mul(w, dt)), z), sub(n, h)));
}

function blockSpecs(hidden: number): Block<ReparametrizedSpec, ParameterSpec> {
  const W = reparametrized(
    recurrentKernel([hidden + 1, hidden], { initializer: glorotUniform }),
    spectralNorm({ iterations: 5 }),
  );
  const b = bias([hidden]);
  return { Wz: W, Wr: W, Wn: W, bz: b, br: b, bn: b, w: parameter([hidden], { initializer: glorotUniform }) };
}
