/** The options that every cell has. */
import type { Normalizer } from "@sluice/norm";
import type { Constraint, Initializer, Regularizer } from "@sluice/params";
import { TensorError } from "@sluice/tensor";
import { checkMade, checkOptions, shown } from "@sluice/tensor/internal";
import type { CellSizes } from "../cell/cell.ts";
import type { DropoutMasks } from "../modifiers/product-dropout.ts";

/**
 * Options of every cell; the names that differ from Keras's are `hidden` (units) and the spelling of Initializer and
 * Regularizer.
 */
export interface CellOptions extends CellSizes {
  /** Normalizes the sums of products in the step. Default: none. */
  readonly norm?: Normalizer | undefined;
  /**
   * Initializes input weights, instead of the definition's initializers; includes nested parameters and those of inner
   * cells.
   */
  readonly kernelInitializer?: Initializer;
  /** Initializes recurrent weights, instead of the definition's initializers. */
  readonly recurrentInitializer?: Initializer;
  /** Initializes biases, instead of the definition's initializers. */
  readonly biasInitializer?: Initializer;
  /** Penalizes input weights. */
  readonly kernelRegularizer?: Regularizer;
  /** Penalizes recurrent weights. */
  readonly recurrentRegularizer?: Regularizer;
  /** Penalizes biases. */
  readonly biasRegularizer?: Regularizer;
  /** Applied after each update: by `fit` itself, by `trainer` with `constrain` of `@sluice/params`. Default: none. */
  readonly kernelConstraint?: Constraint;
  /** Applied to recurrent weights after each update. Default: none. */
  readonly recurrentConstraint?: Constraint;
  /** Applied to biases after each update. Default: none. */
  readonly biasConstraint?: Constraint;
  /** Rate of dropout of the input, one mask for the whole sequence: {@link variationalDropout}. */
  readonly dropout?: number;
  /** Rate of dropout of the state in the recurrent products, one mask for the whole sequence. */
  readonly recurrentDropout?: number;
  /** Whether all gates share a mask (`shared`, the default) or each has its own (`perGate`). */
  readonly dropoutMasks?: DropoutMasks;
}

/** The names of these options. */
export const cellOptions: readonly string[] = [
  "input",
  "hidden",
  "norm",
  "kernelInitializer",
  "recurrentInitializer",
  "biasInitializer",
  "kernelRegularizer",
  "recurrentRegularizer",
  "biasRegularizer",
  "kernelConstraint",
  "recurrentConstraint",
  "biasConstraint",
  "dropout",
  "recurrentDropout",
  "dropoutMasks",
];

/** Other libraries' names of them, and of options that several cells have. */
const aliases = {
  units: "hidden",
  hiddenSize: "hidden",
  hidden_size: "hidden",
  inputSize: "input",
  input_size: "input",
  inputDim: "input",
  recurrent_activation: "recurrentActivation",
  recurrent_dropout: "recurrentDropout",
  reset_after: "reset",
  resetAfter: "reset",
  unit_forget_bias: "forgetBias",
  unitForgetBias: "forgetBias",
  useBias: "biases",
  use_bias: "biases",
  kernel_initializer: "kernelInitializer",
  recurrent_initializer: "recurrentInitializer",
  bias_initializer: "biasInitializer",
  kernel_regularizer: "kernelRegularizer",
  recurrent_regularizer: "recurrentRegularizer",
  bias_regularizer: "biasRegularizer",
  kernel_constraint: "kernelConstraint",
  recurrent_constraint: "recurrentConstraint",
  bias_constraint: "biasConstraint",
};

/** An error where a cell has no such options; `own` are those that its definition adds, with their defaults. */
export function checkCellOptions(name: string, given: CellOptions, own: Readonly<Record<string, unknown>>): void {
  checkOptions(name, given, [...cellOptions, ...Object.keys(own)], aliases);
  for (const [option, value] of Object.entries(given))
    if (value !== undefined) checkKind(name, option, value, own[option]);
  if (given.norm !== undefined)
    checkMade(
      name,
      "norm",
      given.norm,
      { name: "string", placement: "object", params: "function", apply: "function" },
      "layerNorm()",
    );
}

/** An error where the default is a switch or a number and the value is not. */
function checkKind(name: string, option: string, value: unknown, byDefault: unknown): void {
  const expected = { boolean: "true or false", number: "a number" };
  const kind = typeof byDefault;
  if (kind !== "boolean" && kind !== "number") return;
  if (typeof value !== kind)
    throw new TensorError(
      `${name}: ${option} is ${shown(value)}, expected ${expected[kind]}, such as ${shown(byDefault)}`,
    );
}
