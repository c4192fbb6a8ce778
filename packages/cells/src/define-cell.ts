import type { Normalizer } from "@sluice/norm";
import { checkNormalizer } from "./check-given.ts";
import {
  add,
  isTensor,
  leavesOf,
  mapTree,
  keyFor,
  TensorError,
  type ArrayTensor,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { at, checkOptions, checkTree, describe, placeholder, sameShape, shown } from "@sluice/tensor/internal";
import { childrenOf, nothingNoted, observedOf, updateOf } from "./cell-buffers.ts";
import { evaluation, type Cell, type CellContext, type CellSizes, type Stepped } from "./cell.ts";
import {
  buffer,
  type BufferSpec,
  buffersOf,
  checkBuffers,
  checkParameters,
  changeSpecs,
  initialTree,
  parameter,
  specsOf,
  weightLeaves,
  weightSpecs,
  type InitOptions,
  type ParameterSpec,
  type Specs,
} from "@sluice/params";
import type { CellDefinition, CellFactory, CellOptions, NamedBuffers, NamedSpecs } from "./definition.ts";
import { checkInner, innerBuffers, innerStates, innerSteps, type Inner } from "./inner-cells.ts";
import { actualDType, inputOf, joinExtras, type Extras } from "./inputs.ts";
import { variationalDropout } from "./modifiers/variational-dropout.ts";
import { contextOf, partsIn, type AnyContext, type AnyDefinition, type Made, type NormalizerParts } from "./made.ts";
import { probe } from "./probe.ts";
import { checkRoles, chooseFor, chosenInitializer } from "./role-options.ts";
import { checkSize } from "./size.ts";
import { floatOf, statesOf, type State, type States } from "./states.ts";

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
  "kernelConstraint",
  "recurrentConstraint",
  "biasConstraint",
  "dropout",
  "recurrentDropout",
  "dropoutMasks",
];
const reserved: readonly string[] = [
  ...common,
  "trace",
  "recurrent",
  "training",
  "keys",
  "extra",
  "buffers",
  "active",
  "cells",
  "stepIndex",
];
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

/**
 * Defines a cell by its equations. The result makes cells: `janet({ input: 28, hidden: 128, norm: layerNorm() })`.
 * Making one runs the step once on symbols. This finds wrong shapes at once, with the cell and the traced gate in the
 * message, and records the places of `norm`.
 *
 * A cell whose step is linear in the state is better defined by {@link defineAssociativeCell}.
 */
export function defineCell<
  D extends NamedSpecs,
  S extends States,
  O extends object = Record<never, never>,
  E extends Extras = Record<never, never>,
  C extends Inner = Record<never, never>,
  I extends boolean = false,
  F extends NamedBuffers = Record<never, never>,
>(definition: CellDefinition<D, S, O, E, C, I, F>): CellFactory<D, S, O, C, I>;
export function defineCell(definition: AnyDefinition): Factory {
  checkOptions("defineCell", definition, [...parts, "cells", "buffers", "stepIndex", "step", "update"], {
    ...partAliases,
    inner: "cells",
    buffer: "buffers",
  });
  return factoryOf("defineCell", definition);
}

/** What every definition has. */
export const parts: readonly string[] = ["name", "options", "input", "extra", "params", "state"];
export const partAliases = { parameters: "params", states: "state", extras: "extra", defaults: "options" };

export interface Factory {
  (options: CellOptions): Cell;
  readonly definition: object;
}

export function factoryOf(operation: string, definition: AnyDefinition): Factory {
  const { name, options: defaults = {} } = definition;
  const own = Object.keys(defaults);
  const clash = own.find((option) => reserved.includes(option));
  if (clash !== undefined)
    throw new TensorError(`${operation}: ${name} has an option ${clash}, which every cell has already; rename it`);

  const make = (given: CellOptions): Cell => {
    checkOptions(name, given, [...common, ...own], aliases);
    if (given.norm !== undefined) checkNormalizer(name, given.norm);
    const sizes = { input: checkSize(name, "input", given.input), hidden: checkSize(name, "hidden", given.hidden) };
    const chosen = Object.entries(given).filter(([option, value]) => own.includes(option) && value !== undefined);
    const made = partsOf(definition, sizes, { ...defaults, ...Object.fromEntries(chosen) }, given);
    const cell = cellOf(withNormalizer(made));
    probe(cell);
    const { dropout = 0, recurrentDropout = 0, dropoutMasks } = given;
    return dropout === 0 && recurrentDropout === 0 && dropoutMasks === undefined
      ? cell
      : variationalDropout(cell, {
          input: dropout,
          recurrent: recurrentDropout,
          ...(dropoutMasks === undefined ? {} : { masks: dropoutMasks }),
        });
  };
  return Object.assign(make, { definition });
}

function partsOf(definition: AnyDefinition, sizes: CellSizes, options: object, given: CellOptions): Made {
  const { name } = definition;
  const cells = definition.cells?.(sizes, options, { norm: given.norm }) ?? {};
  const declared = definition.params(sizes, options);
  checkDeclared(name, declared);
  const states = definition.state(sizes, options);
  const buffers = definition.buffers?.(sizes, options) ?? {};
  checkBufferNames(name, buffers);
  checkInner(`defineCell: ${name}`, cells, { parameter: declared, state: states, buffer: buffers });
  const inner = Object.fromEntries(Object.entries(cells).map(([cell, { params }]) => [cell, params]));
  checkRoles(name, { ...declared, ...inner }, given);
  const choose = (specs: NamedSpecs): NamedSpecs =>
    mapValues(specs, (spec) => changeSpecs(spec, (leaf) => chooseFor(leaf, sizes, given)));
  const own = choose(declared);
  const isCounted = definition.stepIndex === true || given.norm?.stepIndex === true;
  if (isCounted && Object.hasOwn(states, "stepIndex"))
    throw new TensorError(
      `defineCell: ${name} has a state stepIndex, the name under which cells count their steps; rename it`,
    );
  const counted = isCounted ? { stepIndex: { shape: [], dtype: "i32" as const } } : {};
  return {
    definition,
    name,
    sizes,
    options,
    given,
    cells,
    input: inputOf(definition.input?.(sizes) ?? [sizes.input]),
    extra: joinExtras(name, [definition.extra?.(sizes) ?? {}, ...Object.values(cells).map(({ extra }) => extra)]),
    own,
    params: { ...own, ...choose(inner) },
    state: { ...states, ...innerStates(cells), ...counted },
    buffers: { ...buffers, ...innerBuffers(cells) },
  };
}

function checkBufferNames(name: string, buffers: NamedBuffers): void {
  buffersOf(buffers);
  if (Object.hasOwn(buffers, "norm"))
    throw new TensorError(
      `defineCell: ${name} has a buffer norm, the name under which normalizers keep theirs; rename it`,
    );
}

function checkDeclared(name: string, declared: NamedSpecs): void {
  if (Object.hasOwn(declared, "norm"))
    throw new TensorError(
      `defineCell: ${name} has a parameter norm, the name under which normalizers keep theirs; rename it`,
    );
  const check = (specs: unknown, path: string): void => {
    if (typeof specs === "object" && specs !== null && !("kind" in specs && specs.kind === "array")) {
      if ("kind" in specs && (specs.kind === "parameter" || specs.kind === "reparametrized")) return;
      for (const [child, below] of Object.entries({ ...specs })) check(below, `${path}.${child}`);
      return;
    }
    throw new TensorError(
      `defineCell: ${name}: parameter ${path} is ${shown(specs)}, expected one such as kernel([input, hidden]), or an object or list of them`,
    );
  };
  for (const [parameter, specs] of Object.entries<unknown>(declared)) check(specs, parameter);
}

function cellOf(made: Made): Cell {
  const { definition, name, sizes, options, given, cells, params, state: states, buffers, input, extra } = made;
  const step: Cell["step"] = (weights, state, x, context = evaluation) => {
    checkStep(made, weights, state, x);
    checkBuffers(name, buffers, context.buffers, floatOf(x, weights));
    return runStep(made, weights, state, x, context, partsIn(weights, context));
  };
  const own = definition.update;
  const update = updateOf({
    cells,
    normalizer: given.norm,
    own: own && ((before, observed) => own(before, observed, options)),
  });
  const recurrence = recurrenceIn(made);
  return {
    name,
    sizes,
    params,
    state: states,
    ...(definition.input === undefined ? {} : { input }),
    extra,
    origin: { definition, options: { ...options }, step, params },
    ...(recurrence === undefined ? {} : { recurrence: { ...recurrence, step } }),
    ...(Object.keys(buffers).length === 0 ? {} : { buffers }),
    init: (key, initOptions) => initialParams(made, key, initOptions),
    step,
    ...(update === undefined ? {} : { update }),
  };
}

/** Inner cells keep their own initializers unless the user chose one. */
function initialParams({ cells, params, given }: Made, key: ArrayTensor, options?: InitOptions): Tree {
  const drawn = (specs: Specs): Tree => initialTree(specs, key, options);
  const own = Object.fromEntries(Object.entries(params).filter(([name]) => !Object.hasOwn(cells, name)));
  const inner = Object.entries(cells).map(([name, cell]) => {
    const specs = params[name]!;
    const chosen = new Map(
      leavesOf(initialTree(specs, keyFor(key, name), options)).map(({ path, tensor }) => [path, tensor]),
    );
    const replaced = new Set(
      weightLeaves(specs)
        .filter(({ spec }) => chosenInitializer(spec, given) !== undefined)
        .flatMap(({ spec, path }) => specsOf(spec, path).map((leaf) => leaf.path)),
    );
    const begun = cell.init(keyFor(key, name), options);
    return [name, mapTree(begun, (value, path) => (replaced.has(path) ? (chosen.get(path) ?? value) : value))];
  });
  return { ...drawn(own), ...Object.fromEntries(inner) };
}

/** Compares the arguments of a step with what the cell declares. */
function checkStep({ name, input, params, state: states }: Made, weights: Tree, state: State, x: Tensor): void {
  const float = floatOf(x, weights);
  const expected = [...input.shape];
  if (x.shape.length !== expected.length + 1 || !sameShape(x.shape.slice(1), expected))
    throw new TensorError(`${name}: a step expects x [${["batch", ...expected].join(", ")}], got ${describe(x)}`);
  if (input.dtype !== "f32" && x.dtype !== input.dtype)
    throw new TensorError(`${name}: a step expects x of dtype ${input.dtype}, got ${x.dtype} ${describe(x)}`);
  checkParameters(name, weightSpecs(params), weights, x);
  checkTree(
    name,
    "states",
    statesOf(states).map(({ path, shape, dtype }) => ({
      path,
      shape: [x.shape[0]!, ...shape],
      dtype: actualDType(dtype, float),
    })),
    state,
  );
}

/** The definition's step in its context; errors name the cell. */
function runStep(
  made: Made,
  params: Tree,
  state: State,
  x: Tensor,
  context: CellContext,
  partsAt: NormalizerParts,
): Stepped {
  const { definition, name, cells } = made;
  const isCounted = Object.hasOwn(made.state, "stepIndex");
  const { stepIndex, ...states } = isCounted ? state : { ...state, stepIndex: undefined };
  const counted = isTensor(stepIndex) ? { stepIndex } : {};
  const noted = nothingNoted();
  const { norm: _, ...weights } = childrenOf(params);
  const next = at(name, () =>
    definition.step(weights, states, x, {
      ...contextOf(made, context, { partsAt, noted, stepIndex: counted.stepIndex }),
      cells: innerSteps(cells, params, state, context, noted.cells),
      ...(definition.stepIndex === true ? counted : {}),
    }),
  );
  noted.own = next.observed;
  const observed = observedOf(noted);
  const { observed: _own, ...rest } = next;
  return {
    ...rest,
    ...(counted.stepIndex && { state: { ...next.state, stepIndex: add(counted.stepIndex, 1) } }),
    ...(observed && { observed }),
  };
}

/**
 * The recurrence of a cell, with the definition's context built from the layer's. Undefined if a normalizer keeps
 * statistics, because those belong to a single step.
 */
function recurrenceIn(made: Made): Omit<NonNullable<Cell["recurrence"]>, "step"> | undefined {
  const { name, definition, sizes, options, buffers } = made;
  const { associative } = definition;
  if (associative === undefined) return undefined;
  const other = statesOf(definition.state(sizes, options)).find(({ dtype }) => dtype !== "f32");
  if (other !== undefined)
    throw new TensorError(
      `defineAssociativeCell: ${name} has the state ${other.path}, which is ${other.dtype}; states of a recurrence are f32`,
    );
  if (Object.keys(buffers).length > 0 || Object.hasOwn(made.state, "stepIndex")) return undefined;
  const within = (weights: Tree, context: CellContext): AnyContext => ({
    ...contextOf(made, context, { partsAt: partsIn(weights, context), noted: nothingNoted(), stepIndex: undefined }),
    cells: {},
  });
  const own = (weights: Tree): Record<string, Tree> => {
    const { norm: _, ...rest } = childrenOf(weights);
    return rest;
  };
  const { recurrence, elements, output } = associative;
  return {
    ...recurrence,
    elements: (weights, x, context) => at(name, () => elements(own(weights), x, within(weights, context))),
    output: (weights, state, x, context) => at(name, () => output(own(weights), state, x, within(weights, context))),
  };
}

/**
 * A definition with the normalizer's parameters and buffers at every place where the step calls `norm`. The places are
 * found by running the step once on symbols.
 */
function withNormalizer(made: Made): Made {
  const { norm } = made.given;
  if (norm === undefined) return made;
  const params: Record<string, Record<string, Record<string, ParameterSpec>>> = {};
  const buffers: Record<string, Record<string, Record<string, BufferSpec>>> = {};
  probe({
    ...cellOf(made),
    step: (weights, state, x, context = evaluation) =>
      runStep(made, weights, state, x, context, ({ place, part, kind }, shape) => {
        const parts = (params[place] ??= {});
        if (parts[part] !== undefined)
          throw new TensorError(`norm: the place ${place} is used twice; give each its own name`);
        parts[part] = mapValues(norm.params(shape, kind), ({ shape: of, initializer }) =>
          parameter(of, { role: "norm", initializer }),
        );
        const kept = mapValues(norm.buffers?.(shape, kind) ?? {}, ({ shape: of, initial }) => buffer(of, { initial }));
        if (Object.keys(kept).length > 0) (buffers[place] ??= {})[part] = kept;
        const symbols = (specs: Readonly<Record<string, { readonly shape: Shape }>>): Record<string, Tensor> =>
          mapValues(specs, (spec, name) =>
            placeholder({ shape: spec.shape, dtype: "f32" }, `${place}.${part}.${name}`),
          );
        return { params: symbols(parts[part]), buffers: symbols(kept) };
      }),
  });
  if (Object.keys(params).length === 0) throw changesNothing(made.name, norm);
  return {
    ...made,
    params: { ...made.params, norm: params },
    buffers: { ...made.buffers, ...(Object.keys(buffers).length === 0 ? {} : { norm: buffers }) },
  };
}

function changesNothing(name: string, { name: normalizer, placement }: Normalizer): TensorError {
  const fix =
    placement.preactivation === "input"
      ? 'make the products of the input with input("gates", x, W) there, not with matmul'
      : 'write norm("gates", [input("gates", x, W), recurrent("gates", h, U)]) there';
  return new TensorError(
    `${name}: ${normalizer} would change nothing, since the step of ${name} calls norm at no place where it acts; ${fix}, or make the cell without norm`,
  );
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A, name: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}
