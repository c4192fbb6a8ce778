import { kernel, recurrentKernel } from "@sluice/params";
import { matmul, mul, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import type { Product } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { probe } from "../cell/probe.ts";
import type { State } from "../cell/states.ts";
import { withParameters } from "./added-parameters.ts";
import { inputFeatures } from "./input-features.ts";

/**
 * A cell whose recurrent weights depend on the input (multiplicative LSTM: Krause et al. 2016, arXiv:1609.07959; for
 * the simple recurrent network: Sutskever et al. 2011). Every vector that the step multiplies by recurrent weights is
 * replaced:
 *
 *     m_t = (x_t W_m) (h_{t-1} U_m)
 *     h_{t-1} U  becomes  m_t U
 *
 * Where a step multiplies another vector, such as `r h_{t-1}` in a GRU with the reset before the product, that vector
 * takes the place of `h_{t-1}` in m. Parameters: `multiplicative.W` `[input, n]` and `multiplicative.U` `[n, n]`, where
 * n is the number of features of the recurrent products. Throws a TensorError if the step makes no recurrent products,
 * or some of different numbers of features.
 */
export function multiplicative<S extends State>(cell: Cell<Tree, S>): Cell<Tree, S> {
  checkCell("multiplicative", cell);
  const input = inputFeatures("multiplicative", cell);
  const products = probe(cell).products.filter(({ kind }) => kind === "recurrent");
  const [n, ...others] = new Set(products.map(({ rows }) => rows));
  if (n === undefined)
    throw new TensorError(
      `multiplicative: ${cell.name} has no recurrent products; a step marks them with recurrent("gates", h, U)`,
    );
  if (others.length > 0)
    throw new TensorError(
      `multiplicative: the recurrent products of ${cell.name} are of ${[n, ...others].join(" and ")} features, so no one m can take the place of their vectors`,
    );
  const specs = { W: kernel([input, n]), U: recurrentKernel([n, n]) };
  return withParameters(cell, { name: "multiplicative", specs }, (added, params, state, x, context) => {
    const product = { gates: 1, multiply: matmul } as const;
    const xW = context.product({ ...product, kind: "input", name: "multiplicative", x, W: added("W"), source: "" });
    const made = new Map<Tensor, Tensor>();
    const mOf = ({ name, x: h, source }: Product): Tensor => {
      const m =
        made.get(h) ??
        mul(
          xW,
          context.product({
            ...product,
            kind: "recurrent",
            name: `multiplicative.${name}`,
            x: h,
            W: added("U"),
            source,
          }),
        );
      made.set(h, m);
      return m;
    };
    return cell.step(params, state, x, {
      ...context,
      product(given) {
        if (given.kind === "input") return context.product(given);
        const source = given.source === "" ? "multiplicative" : `multiplicative.${given.source}`;
        return context.product({ ...given, x: mOf(given), source });
      },
    });
  });
}
