import { bernoulli, convert, mul, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { evaluation, withTrainingStep, type Cell, type State } from "../cell.ts";
import { checkCell } from "../check-given.ts";
import { probe } from "../probe.ts";
import { keysWithin } from "./keys-within.ts";
import { checkRate } from "./rate.ts";

/**
 * Variational dropout (Gal, Ghahramani 2015, arXiv:1512.05287): one mask for the whole sequence, of the input (`input`)
 * and of the state as it enters the recurrent products (`recurrent`); what is kept is divided by `1 - rate`. In
 * evaluation nothing happens.
 *
 * All gates share a mask: the paper's tied weights. So do Keras's GRU and LSTM with `dropout` alone; with
 * `recurrent_dropout`, Keras (its `implementation` is then 1) draws a mask for each gate, of the input too: the paper's
 * untied weights, which are not here. PyTorch has neither: its `dropout` is that of {@link sequential}.
 *
 * The recurrent mask needs a cell that marks its recurrent products: `matmul(recurrent(h), U)`. The state that is
 * carried on is never masked.
 */
export function variationalDropout<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  rates: { readonly input?: number; readonly recurrent?: number },
): Cell<P, S> {
  checkCell("variationalDropout", cell);
  checkOptions("variationalDropout", rates, ["input", "recurrent"], {
    dropout: "input",
    recurrentDropout: "recurrent",
    hidden: "recurrent",
  });
  const input = checkRate("variationalDropout", "input", rates.input ?? 0, { below: true });
  const recurrent = checkRate("variationalDropout", "recurrent", rates.recurrent ?? 0, { below: true });
  if (recurrent > 0 && !probe(cell).recurrent) {
    throw new TensorError(
      `variationalDropout: ${cell.name} does not mark its recurrent products; write matmul(recurrent(h), U) in its step`,
    );
  }
  return withTrainingStep(cell, (params, state, x, context = evaluation) => {
    if (!context.training) return cell.step(params, state, x, context);
    const drop = (name: string, value: Tensor, rate: number): Tensor => {
      if (rate === 0) return value;
      const kept = bernoulli(context.keys.sequence(`variationalDropout.${name}`), value.shape, 1 - rate);
      return mul(value, mul(convert(kept, value.dtype), 1 / (1 - rate)));
    };
    // One mask for each state, however often the step asks for it.
    const masked = new Map<Tensor, Tensor>();
    return cell.step(params, state, drop("input", x, input), {
      ...context,
      keys: keysWithin("variationalDropout", context.keys),
      recurrent(h) {
        const given = masked.get(h) ?? drop(`recurrent.${masked.size}`, context.recurrent(h), recurrent);
        masked.set(h, given);
        return given;
      },
    });
  });
}
