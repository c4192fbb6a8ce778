import {
  compile,
  mapTree,
  select,
  tensor,
  TensorError,
  valuesOf,
  type ArrayTensor,
  type Backend,
  type Tensor,
} from "@sluice/tensor";
import {
  allocate,
  checkFunction,
  checkList,
  checkOptions,
  checkTensor,
  describe,
  isFloat,
  lookUp,
  nth,
  shown,
  sizeOf,
  suggestion,
} from "@sluice/tensor/internal";
import { activeSteps, batchAndTime, checkSteps, meanOverSteps, type StepOptions } from "../steps.ts";

/** A gate, a state or some units of one, fixed to a value at every step. */
export interface Ablation {
  /** The name among a layer's traces: a traced value, `forget` or `0.forget`, or a state, `state.h` or `0.state.h`. */
  readonly trace: string;
  /** The units that are fixed, by their positions in one example and step. Default: all. */
  readonly units?: readonly number[];
  /** A number, or each unit's `mean` over the steps and rows of the run without ablations. Default `mean`. */
  readonly value?: number | "mean";
}

/** What a run of {@link ablate} passes to the layer's `apply`. */
export interface AblationInputs {
  /** Fixes values while the layer runs. */
  readonly intervene: (name: string, value: Tensor) => Tensor;
  /** The traces that are needed. */
  readonly traces: readonly string[];
}

/** What a run of {@link ablate} returns. */
export type AblationRun = {
  /** `[]`: a loss, an accuracy. */
  readonly metric: Tensor;
  /** The traces that the layer returned. */
  readonly traces: Readonly<Record<string, Tensor>>;
};

/** Options of {@link ablate}. */
export interface AblationOptions extends StepOptions {
  /** Where the program runs. Default: the reference backend. */
  readonly backend?: Backend;
}

/** The effect of one ablation. */
export interface AblationEffect {
  readonly ablation: Ablation;
  /** What each unit was fixed to, f64 `[...units]`; NaN for a unit that was left as it was. */
  readonly fixed: ArrayTensor;
  readonly metric: number;
  /** The metric with the ablation minus the metric without it. */
  readonly change: number;
}

/** What {@link ablate} returns. */
export interface AblationReport {
  /** The metric without an ablation. */
  readonly metric: number;
  /** In the order of the ablations. */
  readonly effects: readonly AblationEffect[];
}

/**
 * Ablation of gates and units: how a metric of a trained network changes if values that its cells compute are fixed at
 * every step. The cells' code and the parameters stay as they are.
 *
 *     const run = (inputs: AblationInputs) => {
 *       const { output, traces } = model.apply(params, x, { lengths, ...inputs });
 *       return { metric: accuracy(output), traces };
 *     };
 *     const { effects } = await ablate(run, [
 *       { trace: "0.forget", value: 1 },          // never forgets
 *       { trace: "0.forget" },                    // forgets the same share at every step
 *       { trace: "0.state.h", units: [3], value: 0 }, // unit 3 is silent
 *     ], { lengths });
 *
 * A state is fixed as it leaves a step. The next step, and the output if it is that state, read the fixed value; the
 * state before the first step is not fixed. An LSTM's h_t has been computed with c_t by then, so fixing c acts on h from
 * the next step on. `lengths` and `mask` are those of the layer: steps that a row does not have count for no mean.
 *
 * One program is compiled for the run without ablations and one for all ablations. Throws a TensorError if there is no trace
 * of that name, if it has no such unit, or if a value is not finite.
 */
export async function ablate(
  run: (inputs: AblationInputs) => AblationRun,
  ablations: readonly Ablation[],
  options: AblationOptions = {},
): Promise<AblationReport> {
  checkFunction(operation, "the run", run);
  checkList(operation, "the list of ablations", ablations, '[{ trace: "forget", value: 1 }]');
  checkSteps(operation, options, ["backend"]);
  ablations.forEach(checkAblation);
  const names = [...new Set(ablations.map(({ trace }) => trace))];
  const before = await unchanged(run, names, options);
  const plans = ablations.map((ablation) => planOf(ablation, lookUp(before.means, ablation.trace, ablation.trace)));

  const met = new Set<string>();
  const idle = Object.fromEntries(names.map((name) => [name, idleOf(lookUp(before.means, name, name))]));
  const compiled = await compile(
    (fixed: Fixed) => {
      const intervene = (name: string, value: Tensor): Tensor => {
        const at = fixed[name];
        if (at === undefined) return value;
        met.add(name);
        return select(at.where, at.to, value);
      };
      return metricOf(run({ intervene, traces: [] }));
    },
    [idle],
    backendOf(options),
  );
  try {
    const unmet = names.find((name) => !met.has(name));
    if (unmet !== undefined)
      throw new TensorError(
        `${operation}: ${unmet} cannot be fixed: the layer did not pass it to intervene; pass the run's inputs to apply, and for a state leave scan: "associative" out`,
      );
    const effects: AblationEffect[] = [];
    for (const { ablation, fixed, where, to } of plans) {
      const metric = nth(valuesOf(await compiled({ ...idle, [ablation.trace]: { where, to } })), 0);
      effects.push({ ablation, fixed, metric, change: metric - before.metric });
    }
    return { metric: before.metric, effects };
  } finally {
    await compiled.dispose();
  }
}

const operation = "ablate";

/** For every trace that an ablation names: bool, which units are fixed, and their values, each `[...units]`. */
type Fixed = Readonly<Record<string, { readonly where: Tensor; readonly to: Tensor }>>;

/** The metric without ablations, and the mean of every unit of the traces over rows and steps. */
async function unchanged(
  run: (inputs: AblationInputs) => AblationRun,
  names: readonly string[],
  options: AblationOptions,
): Promise<{ readonly metric: number; readonly means: ReadonlyMap<string, ArrayTensor> }> {
  const { backend: _, ...steps } = options;
  const compiled = await compile(
    () => {
      const found = run({ intervene: (_name, value) => value, traces: names });
      const wanted = Object.fromEntries(names.map((name) => [name, traceOf(found, name)]));
      const means = mapTree(wanted, (trace) =>
        meanOverSteps(trace, activeSteps(operation, batchAndTime(operation, trace, "a trace"), steps), [0, 1]),
      );
      return { metric: metricOf(found), means };
    },
    [],
    backendOf(options),
  );
  try {
    const { metric, means } = await compiled();
    const arrays = Object.entries(means).flatMap(([name, mean]): [string, ArrayTensor][] =>
      mean.kind === "array" ? [[name, mean]] : [],
    );
    return { metric: nth(valuesOf(metric), 0), means: new Map(arrays) };
  } finally {
    await compiled.dispose();
  }
}

function traceOf({ traces }: AblationRun, name: string): Tensor {
  const trace = traces[name];
  if (trace === undefined)
    throw new TensorError(
      `${operation}: the run returns no trace ${name}; ${suggestion(name, Object.keys(traces))}; pass the run's inputs to apply and return its traces`,
    );
  if (isFloat(trace.dtype)) return trace;
  throw new TensorError(`${operation}: ${name} is ${trace.dtype}; only floats can be fixed`);
}

function metricOf({ metric }: AblationRun): Tensor {
  checkTensor(operation, "the metric", metric);
  if (metric.shape.length === 0 && isFloat(metric.dtype)) return metric;
  throw new TensorError(`${operation}: the metric must be a float scalar [], got ${describe(metric)}; take its mean`);
}

interface Plan {
  readonly ablation: Ablation;
  readonly fixed: ArrayTensor;
  readonly where: ArrayTensor;
  readonly to: ArrayTensor;
}

/** The units that a ablation fixes, and to what. */
function planOf(ablation: Ablation, mean: ArrayTensor): Plan {
  const { trace, value = "mean" } = ablation;
  const size = sizeOf(mean.shape);
  const units = ablation.units ?? Array.from({ length: size }, (_, unit) => unit);
  const strange = units.find((unit) => !Number.isInteger(unit) || unit < 0 || unit >= size);
  if (strange !== undefined)
    throw new TensorError(`${operation}: ${trace} has units 0 to ${size - 1}, got unit ${shown(strange)}`);
  const where = allocate("bool", size);
  const to = allocate(mean.dtype, size);
  const fixed = new Float64Array(size).fill(NaN);
  for (const unit of units) {
    where[unit] = 1;
    to[unit] = value === "mean" ? nth(mean.data, unit) : value;
    fixed[unit] = nth(to, unit);
  }
  return {
    ablation,
    fixed: tensor(fixed, mean.shape),
    where: tensor(where, mean.shape, { dtype: "bool" }),
    to: tensor(to, mean.shape),
  };
}

/** Nothing fixed. */
function idleOf(mean: ArrayTensor): { readonly where: ArrayTensor; readonly to: ArrayTensor } {
  const size = sizeOf(mean.shape);
  return {
    where: tensor(allocate("bool", size), mean.shape, { dtype: "bool" }),
    to: tensor(allocate(mean.dtype, size), mean.shape),
  };
}

function checkAblation(ablation: Ablation, index: number): void {
  const where = `${operation}: ablation ${index}`;
  checkOptions(where, ablation, ["trace", "units", "value"], {
    gate: "trace",
    state: "trace",
    unit: "units",
    to: "value",
  });
  const { trace, units, value = "mean" } = ablation;
  if (typeof trace !== "string")
    throw new TensorError(
      `${where}: trace must be the name of a trace, such as forget or state.h, got ${shown(trace)}`,
    );
  if (units !== undefined) checkList(where, "units", units, "[0, 3]");
  if (value !== "mean" && !Number.isFinite(value))
    throw new TensorError(`${where}: value must be "mean" or a finite number, got ${shown(value)}`);
}

const backendOf = ({ backend }: AblationOptions): { readonly backend?: Backend } => (backend ? { backend } : {});
