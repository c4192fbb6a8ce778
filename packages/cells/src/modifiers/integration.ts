import { constant, parameter, type Specs } from "@sluice/params";
import { add, concat, mul, sliceAxis, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import type { Cell } from "../cell/cell.ts";
import type { CellContext, Product } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import type { State } from "../cell/states.ts";
import { withParameters, type Added } from "./added-parameters.ts";
import { integrationPlan, type IntegrationPlan } from "./integration-plan.ts";

/** How the products of input and state come together in a gate. */
export type Integration = "addition" | "multiplication";

/** Options of {@link integration}: initial values of the vectors. */
export interface IntegrationOptions {
  /** Of the product of both terms. Default 1. */
  readonly alpha?: number;
  /** Of the product of the state. Default 0.5. */
  readonly beta1?: number;
  /** Of the product of the input. Default 0.5. */
  readonly beta2?: number;
}

/**
 * Multiplicative integration (Wu et al. 2016, arXiv:1606.06630): in every gate, the products of input and
 * state also multiply each other:
 *
 *     x_t W + h_{t-1} U                                                       addition, the cell itself
 *     alpha (x_t W) (h_{t-1} U) + beta1 (h_{t-1} U) + beta2 (x_t W)           multiplication
 *
 * The bias is the cell's. Parameters: `integration.U.alpha`, `.beta1`, `.beta2` `[gates * hidden]` for each recurrent
 * weight U; the paper's initial values differ by task. With alpha = 0 and beta1 = beta2 = 1 it is addition. A
 * normalizer that acts on each term gets `beta2 (x W)` and `(alpha (x W) + beta1) (h U)`.
 *
 * The step must make both products under one name, the input's first: `input("gates", x, W)`, `recurrent("gates", h,
 * U)`. Gates of U are paired with the same columns of W. Throws a TensorError where this is not possible.
 */
export function integration<S extends State>(
  cell: Cell<Tree, S>,
  form: Integration,
  options: IntegrationOptions = {},
): Cell<Tree, S> {
  checkCell("integration", cell);
  checkOptions("integration", options, ["alpha", "beta1", "beta2"]);
  if (form === "addition") return cell;
  if (form !== "multiplication")
    throw new TensorError(
      `integration: unknown form ${String(form)}; ${suggestion(String(form), ["addition", "multiplication"])}`,
    );
  const plans = { evaluation: integrationPlan(cell), training: integrationPlan(cell, { training: true }) };
  const specs = nested(
    [...plans.evaluation.weights].map(([path, columns]) => [path.split("."), vectors(columns, options)]),
  );
  return withParameters(cell, { name: "integration", specs }, (added, params, state, x, context) =>
    cell.step(params, state, x, {
      ...context,
      product: integrated(context.training ? plans.training : plans.evaluation, added, context),
    }),
  );
}

/** The products of a step whose sum is the integration: `beta2 (x W)`, and `(alpha (x W) + beta1) (h U)`. */
function integrated(plan: IntegrationPlan, added: Added, context: CellContext): CellContext["product"] {
  const xWs = new Map<string, Tensor>();
  return (product: Product) => {
    const made = context.product(product);
    if (product.kind === "input") {
      const columns = plan.inputs.get(product.name);
      if (columns === undefined) return made;
      xWs.set(product.name, made);
      return mul(vector("beta2", columns), made);
    }
    const planned = plan.recurrents.get(product.name);
    if (planned === undefined) return made;
    const xW = planned.parts.map(({ name, from, to }) => {
      const whole = xWs.get(name);
      if (whole !== undefined) return sliceAxis(whole, 1, from, to);
      throw new TensorError(`integration: the product ${name} of the input is not there yet`);
    });
    return mul(add(mul(vector("alpha", planned), concat(xW, 1)), vector("beta1", planned)), made);
  };

  function vector(name: string, { path, start, stop }: { path: string; start: number; stop: number }): Tensor {
    return sliceAxis(added(`${path}.${name}`), 0, start, stop);
  }
}

const vectors = (columns: number, { alpha = 1, beta1 = 0.5, beta2 = 0.5 }: IntegrationOptions): Specs => ({
  alpha: parameter([columns], { initializer: constant(alpha) }),
  beta1: parameter([columns], { initializer: constant(beta1) }),
  beta2: parameter([columns], { initializer: constant(beta2) }),
});

/** Specs under their paths. */
function nested(leaves: readonly (readonly [readonly string[], Specs])[]): Specs {
  const names = [...new Set(leaves.map(([[name = ""]]) => name))];
  return Object.fromEntries(
    names.map((name) => {
      const below = leaves.filter(([path]) => path[0] === name);
      const own = below.find(([path]) => path.length === 1);
      return [name, own === undefined ? nested(below.map(([path, specs]) => [path.slice(1), specs])) : own[1]];
    }),
  );
}
