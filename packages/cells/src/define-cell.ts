import type { Normalizer } from "@sluice/norm";
import { checkNormalizer } from "./check-given.ts";
import { isTensor, named, TensorError, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { at, checkOptions, checkTree, describe, isFloat, placeholder, shown } from "@sluice/tensor/internal";
import {
  evaluation,
  type Cell,
  type CellContext,
  type CellSizes,
  type Keys,
  type State,
  type Stepped,
} from "./cell.ts";
import {
  checkParameters,
  type Initializer,
  initialTree,
  parameter,
  type ParameterSpec,
  type Specs,
  type Regularizer,
} from "@sluice/params";
import { variationalDropout } from "./modifiers/variational-dropout.ts";
import { normOf, type Norm, type ParamsAt } from "./normalize.ts";
import { probe } from "./probe.ts";
import { checkSize } from "./size.ts";

/** What a definition's step is given besides parameters, state and input. */
export interface StepContext<E = Readonly<Record<string, Tensor>>> {
  /**
   * The sum of terms, normalized as the user of the cell chose: `norm("gates", [matmul(x, W), matmul(h, U), b])`;
   * `norm("cell", c)`.
   */
  readonly norm: Norm;
  /**
   * Gives a value a name, under which it can be read over time: `trace("forget", sigmoid(s))`. Of a function, an error
   * inside names the cell and this place: `trace("forget", () => sigmoid(s))`.
   */
  readonly trace: (name: string, value: Tensor | (() => Tensor)) => Tensor;
  /** The state as it enters a recurrent product, where recurrent dropout acts: `matmul(recurrent(h), U)`. */
  readonly recurrent: (state: Tensor) => Tensor;
  readonly training: boolean;
  readonly keys: Keys;
  /** What the step reads besides `x`, as declared. */
  readonly extra: E;
}

export interface CellDefinition<
  D extends Record<string, ParameterSpec>,
  S extends Record<string, Shape>,
  O extends object,
  E extends Record<string, Shape>,
> {
  readonly name: string;
  /** The cell's own options with their defaults; they reach `params` and, merged into the context, `step`. */
  readonly options?: O;
  readonly extra?: (sizes: CellSizes) => E;
  readonly params: (sizes: CellSizes, options: O) => D;
  /** Shapes of the states of one example. */
  readonly state: (sizes: CellSizes, options: O) => S;
  /**
   * The equations. Pure; `x` `[batch, input]`, states `[batch, ...]`; the output is the name of a state, `output: "h"`,
   * or a tensor `[batch, features]` of its own.
   */
  readonly step: (
    params: { readonly [K in keyof D]: Tensor },
    state: { readonly [K in keyof S]: Tensor },
    x: Tensor,
    context: StepContext<{ readonly [K in keyof E]: Tensor }> & O,
  ) => { readonly state: { readonly [K in keyof S]: Tensor }; readonly output: NoInfer<keyof S & string> | Tensor };
}

/**
 * Options of every cell; the names that differ from Keras's are `hidden` (units) and the spelling of Initializer and
 * Regularizer.
 */
export interface CellOptions extends CellSizes {
  readonly norm?: Normalizer | undefined;
  /** Instead of the definition's, for all parameters of the role. */
  readonly kernelInitializer?: Initializer;
  readonly recurrentInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
  readonly kernelRegularizer?: Regularizer;
  readonly recurrentRegularizer?: Regularizer;
  readonly biasRegularizer?: Regularizer;
  /** Rate of {@link variationalDropout} of the input; as Keras's, where that stands alone. */
  readonly dropout?: number;
  /**
   * Rate of {@link variationalDropout} of the state in the recurrent products, one mask for all gates (Keras's
   * `recurrent_dropout` has one for each).
   */
  readonly recurrentDropout?: number;
}

export interface CellFactory<
  D extends Record<string, ParameterSpec>,
  S extends Record<string, Shape>,
  O extends object,
> {
  (options: CellOptions & Partial<O>): Cell<{ readonly [K in keyof D]: Tensor }, { readonly [K in keyof S]: Tensor }>;
  readonly definition: object;
}

const common: readonly string[] = [
  "input",
  "hidden",
  "norm",
  "kernelInitializer",
  "recurrentInitializer",
  "biasInitializer",
  "kernelRegularizer",
  "recurrentRegularizer",
  "biasRegularizer",
  "dropout",
  "recurrentDropout",
];
const reserved: readonly string[] = [...common, "trace", "recurrent", "training", "keys", "extra"];
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
  kernelInitializer: "kernelInitializer",
  recurrentInitializer: "recurrentInitializer",
  biasInitializer: "biasInitializer",
  kernel_regularizer: "kernelRegularizer",
  recurrent_regularizer: "recurrentRegularizer",
  bias_regularizer: "biasRegularizer",
  kernelRegularizer: "kernelRegularizer",
  recurrentRegularizer: "recurrentRegularizer",
  biasRegularizer: "biasRegularizer",
};

/**
 * Defines a cell by its equations. The result makes cells: `janet({ input: 28, hidden: 128, norm: layerNorm() })`.
 * Making one runs the step once on symbols, so that wrong shapes are found there, with the cell and the traced gate in
 * the message, and the places of `norm` are known.
 */
export function defineCell<
  D extends Record<string, ParameterSpec>,
  S extends Record<string, Shape>,
  O extends object = Record<never, never>,
  E extends Record<string, Shape> = Record<never, never>,
>(definition: CellDefinition<D, S, O, E>): CellFactory<D, S, O>;
export function defineCell(definition: AnyDefinition): { (options: CellOptions): Cell; readonly definition: object } {
  checkOptions("defineCell", definition, ["name", "options", "extra", "params", "state", "step"], {
    parameters: "params",
    states: "state",
    extras: "extra",
    defaults: "options",
  });
  const { name, options: defaults = {} } = definition;
  const own = Object.keys(defaults);
  const clash = own.find((option) => reserved.includes(option));
  if (clash !== undefined)
    throw new TensorError(`defineCell: ${name} has an option ${clash}, which every cell has already; rename it`);

  const make = (given: CellOptions): Cell => {
    checkOptions(name, given, [...common, ...own], aliases);
    if (given.norm !== undefined) checkNormalizer(name, given.norm);
    const sizes = { input: checkSize(name, "input", given.input), hidden: checkSize(name, "hidden", given.hidden) };
    const chosen = Object.entries(given).filter(([option, value]) => own.includes(option) && value !== undefined);
    const made: Made = { definition, sizes, options: { ...defaults, ...Object.fromEntries(chosen) }, norm: given.norm };
    const declared = definition.params(sizes, made.options);
    if (Object.hasOwn(declared, "norm"))
      throw new TensorError(
        `defineCell: ${name} has a parameter norm, the name under which normalizers keep theirs; rename it`,
      );
    for (const [parameter, spec] of Object.entries<unknown>(declared)) {
      if (typeof spec === "object" && spec !== null && "kind" in spec && spec.kind === "parameter") continue;
      throw new TensorError(
        `defineCell: ${name}: parameter ${parameter} is ${shown(spec)}, expected one such as kernel([input, hidden]); a cell's parameters do not nest`,
      );
    }
    checkRoles(name, declared, given);
    const specs = mapValues(declared, (spec) => chooseFor(spec, sizes, given));
    const norm = placesOf(made, specs);
    const cell = cellOf(made, norm === undefined ? specs : { ...specs, norm });
    probe(cell);
    const { dropout = 0, recurrentDropout = 0 } = given;
    return dropout === 0 && recurrentDropout === 0
      ? cell
      : variationalDropout(cell, { input: dropout, recurrent: recurrentDropout });
  };
  return Object.assign(make, { definition });
}

type AnyDefinition = CellDefinition<
  Record<string, ParameterSpec>,
  Record<string, Shape>,
  object,
  Record<string, Shape>
>;

/** A definition with everything that a cell of it is made from. */
interface Made {
  readonly definition: AnyDefinition;
  readonly sizes: CellSizes;
  readonly options: object;
  readonly norm: Normalizer | undefined;
}

function cellOf(made: Made, params: Specs): Cell {
  const { definition, sizes, options } = made;
  const states = definition.state(sizes, options);
  const step: Cell["step"] = (weights, state, x, context = evaluation) => {
    checkStep(definition.name, { sizes, params, states }, weights, state, x);
    return runStep(made, weights, state, x, context, (place, part) => tensorsAt(weights, ["norm", place, part]));
  };
  return {
    name: definition.name,
    sizes,
    params,
    state: states,
    extra: definition.extra?.(sizes) ?? {},
    origin: { definition, options: { ...options }, step, params },
    init: (key, initOptions) => initialTree(params, key, initOptions),
    step,
  };
}

interface Expected {
  readonly sizes: CellSizes;
  readonly params: Specs;
  readonly states: Readonly<Record<string, Shape>>;
}

/** Compares what a step is given with what the cell declares. */
function checkStep(name: string, { sizes, params, states }: Expected, weights: Tree, state: State, x: Tensor): void {
  if (x.shape.length !== 2 || x.shape[1] !== sizes.input)
    throw new TensorError(`${name}: a step expects x [batch, ${sizes.input}], got ${describe(x)}`);
  checkParameters(name, params, weights, x);
  const dtype = isFloat(x.dtype) ? { dtype: x.dtype } : {};
  checkTree(
    name,
    "states",
    Object.entries(states).map(([path, shape]) => ({ path, shape: [x.shape[0]!, ...shape], ...dtype })),
    state,
  );
}

/** The definition's step in its context; errors name the cell. */
function runStep(made: Made, params: Tree, state: State, x: Tensor, context: CellContext, paramsAt: ParamsAt): Stepped {
  const { definition, sizes, options, norm } = made;
  return at(definition.name, () =>
    definition.step(tensorsAt(params, []), state, x, {
      ...options,
      norm: normOf(norm, sizes.hidden, paramsAt),
      trace(name, value) {
        const traced = named(`${definition.name}.${name}`, typeof value === "function" ? at(name, value) : value);
        context.trace(name, traced);
        return traced;
      },
      recurrent: context.recurrent,
      training: context.training,
      keys: context.keys,
      extra: context.extra,
    }),
  );
}

/** The parameters of the normalizer at every place the step has for one, found by running the step once on symbols. */
function placesOf(made: Made, specs: Specs): Specs | undefined {
  const { norm } = made;
  if (norm === undefined) return undefined;
  const places: Record<string, Record<string, Record<string, ParameterSpec>>> = {};
  const cell = cellOf(made, specs);
  probe({
    ...cell,
    step: (params, state, x, context = evaluation) =>
      runStep(made, params, state, x, context, (place, part, shape) => {
        const parts = (places[place] ??= {});
        if (parts[part] !== undefined)
          throw new TensorError(`norm: the place ${place} is used twice; give each its own name`);
        parts[part] = mapValues(norm.params(shape), ({ shape: of, initializer }) =>
          parameter(of, { role: "norm", initializer }),
        );
        return mapValues(parts[part], (spec, name) =>
          placeholder({ shape: spec.shape, dtype: "f32" }, `${place}.${part}.${name}`),
        );
      }),
  });
  if (Object.keys(places).length === 0) {
    const name = made.definition.name;
    throw new TensorError(
      `${name}: ${norm.name} would change nothing, since the step of ${name} calls norm at no place where it acts; write norm("gates", [matmul(x, W), matmul(h, U)]) there, or make the cell without norm`,
    );
  }
  return places;
}

const perRole = {
  kernel: ["kernelInitializer", "kernelRegularizer"],
  recurrent: ["recurrentInitializer", "recurrentRegularizer"],
  bias: ["biasInitializer", "biasRegularizer"],
} as const;

/** Rejects an initializer or regularizer for a role that no parameter has. */
function checkRoles(name: string, declared: Readonly<Record<string, ParameterSpec>>, given: CellOptions): void {
  const roles = new Set<string>(Object.values(declared).map(({ role }) => role));
  for (const [role, options] of Object.entries(perRole)) {
    const idle = roles.has(role) ? undefined : options.find((option) => given[option] !== undefined);
    if (idle !== undefined)
      throw new TensorError(
        `${name}: ${idle} would change nothing, since no parameter has the role ${role}; there are ${[...roles].join(", ") || "none"}`,
      );
  }
}

/** The user's initializer and regularizer for the parameter's role, where there is one. */
function chooseFor(spec: ParameterSpec, sizes: CellSizes, given: CellOptions): ParameterSpec {
  const { role } = spec;
  const initializer = {
    kernel: given.kernelInitializer,
    recurrent: given.recurrentInitializer,
    bias: given.biasInitializer,
    norm: undefined,
    other: undefined,
  }[role];
  const regularizer = {
    kernel: given.kernelRegularizer,
    recurrent: given.recurrentRegularizer,
    bias: given.biasRegularizer,
    norm: undefined,
    other: undefined,
  }[role];
  return {
    ...spec,
    sizes,
    ...(initializer === undefined ? {} : { initializer }),
    ...(regularizer === undefined ? {} : { regularizer }),
  };
}

/** The tensors directly under a path of a tree; none where it ends before, as under a normalizer without parameters. */
function tensorsAt(params: Tree, path: readonly string[]): Record<string, Tensor> {
  const [name, ...below] = path;
  if (isTensor(params)) return {};
  const children = Object.entries<Tree>(params);
  if (name === undefined)
    return Object.fromEntries(children.filter((entry): entry is [string, Tensor] => isTensor(entry[1])));
  const child = children.find(([key]) => key === name)?.[1];
  return child === undefined ? {} : tensorsAt(child, below);
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A, name: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}
