import { defineCell, gru, lstm, rnn, sequence, type SequenceLayer } from "@sluice/cells";
import { bias, kernel, recurrentKernel, parameter } from "@sluice/params";
import { layerNorm } from "@sluice/norm";
import { add, full, matmul, mul, sigmoid, split, sub, tanh, type Tensor } from "@sluice/tensor";
import type { Case } from "./cases.ts";

/** A GRU written with `defineCell`, as a user would write it. */
const customGru = defineCell({
  name: "customGru",
  params: ({ input, hidden }) => ({
    W: kernel([input, 3 * hidden]),
    U: recurrentKernel([hidden, 3 * hidden]),
    b: bias([3 * hidden]),
    bh: bias([3 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b, bh }, { h }, x) {
    const [xr, xz, xn] = split(add(matmul(x, W), b), 3);
    const [hr, hz, hn] = split(add(matmul(h, U), bh), 3);
    return gated(h, { xr, xz, xn, hr, hz, hn });
  },
});

const norm = layerNorm();

/** A GRU that normalizes each of its two products before they meet: LN(x W) and LN(h U). */
const layerNormGru = defineCell({
  name: "layerNormGru",
  params: ({ input, hidden }) => ({
    W: kernel([input, 3 * hidden]),
    U: recurrentKernel([hidden, 3 * hidden]),
    gain: gain([3 * hidden]),
    b: bias([3 * hidden]),
    gainh: gain([3 * hidden]),
    bh: bias([3 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, gain, b, gainh, bh }, { h }, x) {
    const [xr, xz, xn] = split(norm.apply({ gain, bias: b }, matmul(x, W)), 3);
    const [hr, hz, hn] = split(norm.apply({ gain: gainh, bias: bh }, matmul(h, U)), 3);
    return gated(h, { xr, xz, xn, hr, hz, hn });
  },
});

type Part = "xr" | "xz" | "xn" | "hr" | "hz" | "hn";

function gated(
  h: Tensor,
  { xr, xz, xn, hr, hz, hn }: Readonly<Record<Part, Tensor>>,
): { readonly state: { readonly h: Tensor }; readonly output: "h" } {
  const r = sigmoid(add(xr, hr));
  const z = sigmoid(add(xz, hz));
  const n = tanh(add(xn, mul(r, hn)));
  const next = add(mul(z, h), mul(sub(1, z), n));
  return { state: { h: next }, output: "h" };
}

function gain(shape: readonly number[]) {
  return parameter(shape, { role: "norm", initializer: (_, s) => full(s, 1, "f64") });
}

/** The layer of a case. Every cell has two biases, as PyTorch's have. */
export function layerOf({ cell, input, hidden }: Case, outputs: "all" | "last" = "all"): SequenceLayer {
  switch (cell) {
    case "rnn":
      return sequence(rnn({ input, hidden, biases: 2 }), { outputs });
    case "gru":
      return sequence(gru({ input, hidden }), { outputs });
    case "lstm":
      return sequence(lstm({ input, hidden, biases: 2 }), { outputs });
    case "custom-gru":
      return sequence(customGru({ input, hidden }), { outputs });
    case "layer-norm-gru":
      return sequence(layerNormGru({ input, hidden }), { outputs });
  }
}

/** Whether PyTorch has the cell built in. */
export const isBuiltIn = ({ cell }: Case): boolean => cell === "rnn" || cell === "gru" || cell === "lstm";
