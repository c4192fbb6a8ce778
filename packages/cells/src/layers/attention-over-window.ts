/** Attention of each step to the last steps of its sequence. */
import { concat, greater, keyFor, matmul, reshape, sliceAxis, full, transpose, type Tensor } from "@sluice/tensor";
import type { Applied } from "../cell/over-time.ts";
import { attentionWeights } from "./attention-weights.ts";
import { linear, type AttentionParams, type AttentionState, type Attending } from "./attention-parts.ts";
import { dropout } from "./dropout.ts";
import type { ApplyOptions } from "./layer.ts";
import { overHistory, type PastState, type Reading } from "./over-history.ts";

export function overWindow(
  params: AttentionParams,
  x: Tensor,
  options: ApplyOptions<AttentionState>,
  { heads, rate, wanted, wantedState, window }: Attending & { readonly window: number },
): Applied<AttentionState> {
  const width = params.Wo.shape[0] ?? 0;
  const { training = false, key } = options;
  const reading: Reading = {
    name: "attention",
    span: window - 1,
    width: 2 * width + 1,
    offsets: Array.from({ length: window }, (_, i) => window - 1 - i),
    /** The key, the value, and a 1 for a step that was there. */
    remembered(now) {
      const there = full([...now.shape.slice(0, -1), 1], 1, now.dtype);
      return concat([linear(now, params.Wk, params.bk), linear(now, params.Wv, params.bv), there], -1);
    },
    tracesPast: wantedState("past"),
    output(now, read, change) {
      const [batch = 0, time = 0] = now.shape;
      const d = width / heads;
      const part = (from: number): Tensor =>
        transpose(reshape(sliceAxis(read, 3, from, from + width), [batch, time, window, heads, d]), [0, 1, 3, 2, 4]);
      const q = reshape(linear(now, params.Wq, params.bq), [batch, time, heads, 1, d]);
      const there = greater(sliceAxis(read, 3, 2 * width, 2 * width + 1), 0);
      const computed = attentionWeights(q, part(0), reshape(there, [batch, time, 1, 1, window]));
      const weights = change("weights", reshape(computed, [batch, time, heads, window]));
      const kept = training ? dropout(weights, rate, key && keyFor(key, "dropout")) : weights;
      const h = reshape(matmul(reshape(kept, [batch, time, heads, 1, window]), part(width)), [batch, time, width]);
      return {
        output: linear(h, params.Wo, params.bo),
        traces: wanted("weights") ? { weights } : {},
      };
    },
  };
  return overHistory(reading, x, given(options));
}

/** The options with states that are there. */
function given({ state, resetState, ...options }: ApplyOptions<AttentionState>): ApplyOptions<PastState> {
  return {
    ...options,
    ...(state?.past && { state: { past: state.past } }),
    ...(resetState?.past && { resetState: { past: resetState.past } }),
  };
}
