import { bernoulli, convert, mul, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import { withTrainingStep, type Cell } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { probe } from "../cell/probe.ts";
import type { State } from "../cell/states.ts";
import { checkRate } from "../options/rate.ts";
import { keysWithin } from "./keys-within.ts";

/** Options of {@link candidateDropout}. */
export interface CandidateDropoutOptions {
  /** The probability with which an element of the candidate is 0, in [0, 1). */
  readonly rate: number;
  /** The trace that is the candidate. Default `candidate`. */
  readonly trace?: string;
  /** Whether a mask is drawn at each `step` (the default) or once per `sequence`. The paper has both. */
  readonly draws?: "step" | "sequence";
}

/**
 * Recurrent dropout without memory loss (Semeniuta, Severyn and Barth 2016, arXiv:1603.05118): dropout d of the
 * candidate alone, so that no unit forgets what it holds:
 *
 *     c_t = f_t c_{t-1} + i_t d(g_t)          LSTM
 *     h_t = z_t h_{t-1} + (1 - z_t) d(n_t)    GRU
 *
 * Kept elements are divided by `1 - rate`. In evaluation there is no dropout. The candidate is what the step traces as
 * `candidate`; of a cell within a cell it is `inner.candidate`. Throws a TensorError if the step traces nothing under
 * that name.
 */
export function candidateDropout<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: CandidateDropoutOptions,
): Cell<P, S> {
  checkCell("candidateDropout", cell);
  const operation = `candidateDropout of ${cell.name}`;
  checkOptions(operation, options, ["rate", "trace", "draws"]);
  const { trace: candidate = "candidate", draws = "step" } = options;
  const rate = checkRate("candidateDropout", "the candidate", options.rate, { below: true });
  if (draws !== "step" && draws !== "sequence")
    throw new TensorError(
      `${operation}: unknown draws ${String(draws)}; ${suggestion(String(draws), ["step", "sequence"])}`,
    );
  const traces = Object.keys(probe(cell).traces);
  if (!traces.includes(candidate))
    throw new TensorError(
      `${operation}: the step traces no ${candidate}, so there is nothing to drop; it traces ${traces.join(", ") || "nothing"}: name one as { trace }`,
    );
  return withTrainingStep(cell, (params, state, x, context = evaluation) => {
    const drop = (value: Tensor): Tensor => {
      const kept = bernoulli(context.keys[draws](`candidateDropout.${candidate}`), value.shape, 1 - rate);
      return mul(value, mul(convert(kept, value.dtype), 1 / (1 - rate)));
    };
    return cell.step(params, state, x, {
      ...context,
      keys: keysWithin("candidateDropout", context.keys),
      change: (name, value) =>
        context.change(name, name === candidate && context.training && rate > 0 ? drop(value) : value),
    });
  });
}
