import type { GradientTransform } from "@sluice/clip";
import {
  add,
  convert,
  div,
  equal,
  greater,
  leavesOf,
  less,
  mapTree,
  max,
  mul,
  not,
  or,
  scalar,
  select,
  sub,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { checkFraction, checkNotNegative } from "../checks.ts";

/** Options of {@link reduceOnPlateau}. */
export interface ReduceOnPlateauOptions {
  /** The factor of each reduction, in (0, 1). Default 0.1. */
  readonly factor?: number;
  /** Reduces after this many values in a row without improvement. Default 10. */
  readonly patience?: number;
  /** Steps per value, which is their mean loss. Default 1; take the steps of an epoch, or more if batches are noisy. */
  readonly every?: number;
  /** The values after a reduction that count neither as improved nor as not. Default 0. */
  readonly cooldown?: number;
  /** The smallest fraction of the learning rate. Default 0. */
  readonly min?: number;
  /** How much smaller than the best a value must be, as a fraction of the best. Default 1e-4. */
  readonly leastRatio?: number;
  /** How much smaller than the best a value must be in addition, in units of the loss. Default 0. */
  readonly least?: number;
}

type PlateauState = {
  /** The factor of updates. */
  readonly scale: Tensor;
  /** The best value so far, and whether there is one, bool []. */
  readonly best: Tensor;
  readonly begun: Tensor;
  /** Values in a row without improvement, i32 []. */
  readonly since: Tensor;
  /** Values left of the cooldown, i32 []. */
  readonly cooling: Tensor;
  /** Steps of the current value, i32 []; the sums of their weights and of their weighted losses. */
  readonly steps: Tensor;
  readonly weight: Tensor;
  readonly loss: Tensor;
};

/**
 * Multiplies updates by a factor that falls when the training loss stops improving, as optax's
 * `contrib.reduce_on_plateau`. Put it last in a chain: `chain(adam({ learningRate: 1e-3 }), reduceOnPlateau({ every: 100
 * }))`. A value v, the mean loss of `every` steps, has improved if
 *
 *     v < (1 - leastRatio) best - least
 *
 * It reports the factor as `scale`. `fit` of `@sluice/trials` has an option of this name, which watches the validation
 * data instead.
 */
export function reduceOnPlateau(
  options: ReduceOnPlateauOptions = {},
): GradientTransform<PlateauState, { readonly scale: Tensor }> {
  const known = ["factor", "patience", "every", "cooldown", "min", "leastRatio", "least"];
  const aliases = { rtol: "leastRatio", atol: "least", threshold: "leastRatio", min_scale: "min" };
  checkOptions("reduceOnPlateau", options, known, { ...aliases, accumulation_size: "every" });
  checkGiven(options);
  const { factor = 0.1, patience = 10, every = 1, cooldown = 0, min = 0, leastRatio = 1e-4, least = 0 } = options;
  return {
    name: "reduceOnPlateau",
    init(params) {
      const dtype = leavesOf(params)[0]?.tensor.dtype ?? "f32";
      const [none, nothing] = [scalar(0, "i32"), scalar(0, dtype)];
      return {
        scale: scalar(1, dtype),
        best: nothing,
        begun: scalar(0, "bool"),
        since: none,
        cooling: none,
        steps: none,
        weight: nothing,
        loss: nothing,
      };
    },
    update(updates, state, _, context) {
      const { dtype } = state.scale;
      const own = context.weight === undefined ? scalar(1, dtype) : convert(context.weight, dtype);
      const weight = add(state.weight, own);
      const loss = add(state.loss, mul(own, convert(context.loss, dtype)));
      const steps = add(state.steps, 1);
      const isValue = equal(steps, every);

      const value = div(loss, select(equal(weight, 0), 1, weight));
      const improved = or(not(state.begun), less(value, sub(mul(state.best, 1 - leastRatio), least)));
      const since = select(improved, 0, add(state.since, 1));
      const cools = greater(state.cooling, 0);
      const reduces = equal(select(cools, -1, since), patience);
      const next = {
        scale: select(reduces, max(mul(state.scale, factor), min), state.scale),
        best: select(improved, value, state.best),
        since: select(or(cools, reduces), 0, since),
        cooling: select(cools, sub(state.cooling, 1), select(reduces, scalar(cooldown, "i32"), 0)),
      };
      const scale = select(isValue, next.scale, state.scale);
      return {
        gradients: mapTree(updates, (u) => mul(u, convert(scale, u.dtype))),
        state: {
          scale,
          best: select(isValue, next.best, state.best),
          begun: or(isValue, state.begun),
          since: select(isValue, next.since, state.since),
          cooling: select(isValue, next.cooling, state.cooling),
          steps: select(isValue, 0, steps),
          weight: select(isValue, 0, weight),
          loss: select(isValue, 0, loss),
        },
        report: { scale },
      };
    },
  };
}

function checkGiven({ factor = 0.1, patience = 10, every = 1, cooldown = 0, ...rest }: ReduceOnPlateauOptions): void {
  if (!(factor > 0 && factor < 1))
    throw new TensorError(`reduceOnPlateau: expected factor in (0, 1), got ${shown(factor)}`);
  for (const [name, { count, least }] of Object.entries({
    patience: { count: patience, least: 1 },
    every: { count: every, least: 1 },
    cooldown: { count: cooldown, least: 0 },
  }))
    if (!Number.isInteger(count) || count < least)
      throw new TensorError(`reduceOnPlateau: expected an integer ${name} >= ${least}, got ${shown(count)}`);
  checkFraction("reduceOnPlateau", "min", rest.min ?? 0);
  checkFraction("reduceOnPlateau", "leastRatio", rest.leastRatio ?? 0);
  checkNotNegative("reduceOnPlateau", "least", rest.least ?? 0);
}
