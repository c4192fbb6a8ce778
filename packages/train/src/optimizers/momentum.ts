import {
  add,
  convert,
  equal,
  mapTree,
  mul,
  scalar,
  select,
  zerosLike,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkFraction } from "../checks.ts";
import type { GradientTransform } from "@sluice/clip";

type MomentumState = { readonly velocity: Tree; readonly count?: Tensor };

/** Options of {@link momentum}. */
export interface MomentumOptions {
  /** Nesterov's momentum: `u <- g + mu v`. Default false. */
  readonly nesterov?: boolean;
  /** Default 0. As in PyTorch, the first gradient is not dampened. */
  readonly dampening?: number;
}

/**
 * `v <- mu v + (1 - dampening) g; u <- v`, or with Nesterov `u <- g + mu v` (Sutskever et al. 2013, in PyTorch's form:
 * the learning rate outside).
 */
export function momentum(mu: number, options: MomentumOptions = {}): GradientTransform<MomentumState> {
  checkOptions("momentum", options, ["nesterov", "dampening"]);
  const { nesterov = false, dampening = 0 } = options;
  checkFraction("momentum", "mu", mu);
  checkFraction("momentum", "dampening", dampening);
  return {
    name: "momentum",
    init: (params) => ({
      velocity: mapTree(params, zerosLike),
      ...(dampening === 0 ? {} : { count: scalar(0, "i32") }),
    }),
    update(gradients, { velocity, count }) {
      const first = count && equal(count, 0);
      const share = (g: Tensor): Tensor =>
        first === undefined ? g : mul(g, convert(select(first, scalar(1, g.dtype), 1 - dampening), g.dtype));
      const v = zipTrees(gradients, velocity, (g, old) => add(mul(old, mu), share(g)));
      const updates = nesterov ? zipTrees(gradients, v, (g, ahead) => add(g, mul(ahead, mu))) : v;
      return {
        gradients: updates,
        state: { velocity: v, ...(count === undefined ? {} : { count: add(count, scalar(1, "i32")) }) },
      };
    },
  };
}
