/** Checks of what `apply` is given. */
import {
  and,
  convert,
  full,
  iota,
  isTensor,
  leavesOf,
  less,
  pad,
  reshape,
  select,
  sliceAxis,
  tensor,
  TensorError,
  transpose,
  type DType,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import {
  checkList,
  checkOptions,
  checkTensor,
  checkTree,
  isFloat,
  sameShape,
  showShape,
  suggestion,
  zeroBeyond,
} from "@sluice/tensor/internal";
import { actualDType, inputOf, type Extras } from "../inputs.ts";
import { statesOf, type State, type States } from "../states.ts";
import type { ApplyOptions, BatchSize, InitialStateOptions } from "./layer.ts";

const applyOptions = [
  "state",
  "lengths",
  "mask",
  "maskedOutput",
  "present",
  "resets",
  "resetState",
  "training",
  "buffers",
  "key",
  "traces",
  "perturbations",
  "extra",
  "segment",
  "carryAfter",
];

export function checkApply(name: string, given: { readonly maskedOutput?: unknown }): void {
  checkOptions(`${name}.apply`, given, applyOptions, {
    initialState: "state",
    initial_state: "state",
    statistics: "buffers",
    sequenceLengths: "lengths",
    zeroOutputForMask: "maskedOutput",
    zero_output_for_mask: "maskedOutput",
  });
  const { maskedOutput = "zeros" } = given;
  if (maskedOutput !== "zeros" && maskedOutput !== "repeat")
    throw new TensorError(
      `${name}.apply: unknown maskedOutput ${String(maskedOutput)}; ${suggestion(String(maskedOutput), ["zeros", "repeat"])}`,
    );
}

/** The dtype asked of `perturbations`. */
export function dtypeOf(operation: string, options: { readonly dtype?: DType } = {}): DType {
  checkOptions(operation, options, ["dtype"]);
  return options.dtype ?? "f32";
}

/** The dtype asked of `initialState`, and the parameters from which learned states begin. */
export function beginOf<P extends Tree>(
  operation: string,
  options: InitialStateOptions<P> = {},
): { readonly dtype: DType; readonly params: P | undefined } {
  checkOptions(operation, options, ["dtype", "params"]);
  const { params } = options;
  const float = params === undefined ? undefined : leavesOf(params).find(({ tensor: { dtype } }) => isFloat(dtype));
  return { dtype: options.dtype ?? float?.tensor.dtype ?? "f32", params };
}

/** Compares the nested states passed to a layer of layers with its own. */
export function checkStates<S extends Tree>(
  name: string,
  given: { readonly state?: S; readonly resetState?: S },
  initial: S,
): void {
  const expected = leavesOf(initial).map(({ path, tensor: { shape, dtype } }) => ({ path, shape, dtype }));
  if (given.state !== undefined) checkTree(name, "states of state", expected, given.state);
  if (given.resetState !== undefined) checkTree(name, "states of resetState", expected, given.resetState);
}

export function stateOf<S extends State>(name: string, option: string, given: S | undefined, initial: S): S {
  if (given === undefined) return initial;
  const tensors = new Map(leavesOf(given).map(({ path, tensor }) => [path, tensor]));
  const expected = leavesOf(initial);
  const paths = expected.map(({ path }) => path);
  const strange = [...tensors.keys()].find((path) => !paths.includes(path));
  if (strange !== undefined)
    throw new TensorError(
      `${name}: ${option} has ${strange}, which is not a state of the cell; ${suggestion(strange, paths)}`,
    );
  for (const { path, tensor: zero } of expected) {
    const state = tensors.get(path);
    if (state !== undefined && sameShape(state.shape, zero.shape) && state.dtype === zero.dtype) continue;
    const got = state === undefined ? "none" : `${state.dtype} ${showShape(state.shape)}`;
    throw new TensorError(`${name}: ${option} ${path} must be ${zero.dtype} ${showShape(zero.shape)}, got ${got}`);
  }
  return given;
}

function lengthsOf(
  name: string,
  given: Tensor | readonly number[] | undefined,
  { batch, time }: BatchSize,
): Tensor | undefined {
  if (given === undefined) return undefined;
  if (!isTensor(given)) checkList(name, "lengths", given, "[4, 2]");
  const lengths = isTensor(given) ? given : tensor(given, [given.length], { dtype: "i32" });
  if (lengths.dtype !== "i32" || !sameShape(lengths.shape, [batch])) {
    throw new TensorError(
      `${name}: lengths must be i32 [${batch}], one for each row, got ${lengths.dtype} ${showShape(lengths.shape)}`,
    );
  }
  const values = isTensor(given) ? (given.kind === "array" ? [...given.data] : []) : given;
  const wrong = values.find((n) => !Number.isInteger(n) || n < 0 || n > time);
  if (wrong !== undefined)
    throw new TensorError(
      `${name}: lengths must be integers from 0 to ${time}, the number of steps, got ${values.join(", ")}`,
    );
  return lengths;
}

/** The number of steps of each row, 0 for a row that is not present. Undefined if every row has all steps. */
export function stepsOf(
  name: string,
  { lengths: given, present }: Pick<ApplyOptions, "lengths" | "present">,
  size: BatchSize,
): Tensor | undefined {
  const lengths = lengthsOf(name, given, size);
  if (present === undefined) return lengths;
  checkTensor(name, "present", present);
  if (present.dtype !== "bool" || !sameShape(present.shape, [size.batch])) {
    throw new TensorError(
      `${name}: present must be bool [${size.batch}], one for each row, got ${present.dtype} ${showShape(present.shape)}`,
    );
  }
  return select(present, lengths ?? full([size.batch], size.time, "i32"), 0);
}

/** Which steps of a loop are taken, time first. */
interface LookedAt {
  /** i32 `[batch]`, if the loop itself applies the lengths. */
  readonly lengths: Tensor | undefined;
  /** bool `[time, batch]`, if the layer applies the mask. */
  readonly mask: Tensor | undefined;
  /** bool `[time, batch]`: the part of the mask that comes from the lengths; undefined if none does. */
  readonly within: Tensor | undefined;
}

/**
 * The steps that `apply` takes. If a step treats its rows `together`, the lengths become part of the mask: a loop with
 * lengths may leave out rows, and can only output tensors that have a row for each example.
 */
export function lookedAtOf(
  name: string,
  given: Pick<ApplyOptions, "lengths" | "present" | "mask">,
  size: BatchSize,
  { together }: { readonly together: boolean },
): LookedAt {
  const lengths = stepsOf(name, given, size);
  const mask = given.mask === undefined ? undefined : swapTime(flagsOf(name, "mask", given.mask, size));
  if (lengths === undefined || !together) return { lengths, mask, within: undefined };
  const within = less(reshape(iota([size.time]), [size.time, 1]), reshape(lengths, [1, size.batch]));
  return { lengths: undefined, mask: mask === undefined ? within : and(mask, within), within };
}

/** `x` `[batch, time, ...]` with zeros at the steps that are not taken. */
export function lookedAt(name: string, x: Tensor, given: Pick<ApplyOptions, "lengths" | "present" | "mask">): Tensor {
  const size = { batch: x.shape[0]!, time: x.shape[1]! };
  const lengths = stepsOf(name, given, size);
  const within = lengths === undefined ? x : zeroBeyond(x, lengths, { batch: 0, time: 1 });
  return given.mask === undefined ? within : whereMasked(flagsOf(name, "mask", given.mask, size), within);
}

/**
 * `x` where the mask over its first two axes is true, and zeros elsewhere. Integers and bools are unchanged: they have
 * no NaN and no gradient.
 */
export function whereMasked(mask: Tensor, x: Tensor): Tensor {
  return isFloat(x.dtype) ? select(reshape(mask, [...mask.shape, ...x.shape.slice(2).map(() => 1)]), x, 0) : x;
}

/** The steps before the state that is carried on. */
export function carryAfterOf(
  name: string,
  given: number | undefined,
  { time }: Pick<BatchSize, "time">,
  { reverse }: { readonly reverse: boolean },
): number {
  if (given === undefined) return time;
  if (reverse)
    throw new TensorError(`${name}: carryAfter needs a layer that runs forwards, and this one runs backwards`);
  if (!Number.isInteger(given) || given < 1 || given > time)
    throw new TensorError(
      `${name}: carryAfter must be an integer from 1 to ${time}, the number of steps, got ${given}`,
    );
  return given;
}

export function flagsOf(name: string, option: string, given: Tensor, { batch, time }: BatchSize): Tensor {
  checkTensor(name, option, given);
  if (given.dtype === "bool" && sameShape(given.shape, [batch, time])) return given;
  throw new TensorError(
    `${name}: ${option} must be bool [${batch},${time}] (batch, time), got ${given.dtype} ${showShape(given.shape)}`,
  );
}

/**
 * Where a sequence begins, in the order in which steps are taken. Forwards this is the marked step. Backwards it is the
 * step before the next mark, so that the same marks separate the same sequences in both directions.
 */
export function startsOf(resets: Tensor, { reverse }: { readonly reverse: boolean }): Tensor {
  const time = resets.shape[1]!;
  if (!reverse || time === 0) return resets;
  return pad(sliceAxis(resets, 1, 1, time), [0, 0], [0, 1]);
}

/** The extra inputs, `[batch, time, ...]`, time first. A bool that is read as a number is 0 or 1. */
export function extraOver(
  name: string,
  given: object,
  extras: Extras,
  { batch, time, float }: BatchSize & { readonly float: DType },
): Record<string, Tensor> {
  // The extra inputs of other layers may be among them.
  const tensors = new Map<string, unknown>(Object.entries(given));
  return Object.fromEntries(
    Object.entries(extras).map(([key, spec]) => {
      const { shape, dtype: declared } = inputOf(spec);
      const x = tensorOver(`${name}: extra ${key}`, tensors.get(key), [batch, time, ...shape]);
      const dtype = actualDType(declared, float);
      if (x.dtype === dtype) return [key, x];
      if (x.dtype === "bool") return [key, convert(x, dtype)];
      throw new TensorError(
        `${name}: extra ${key} must be ${dtype}, got ${x.dtype}; convert it, or declare it in the cell's extra as { shape, dtype: "${x.dtype}" }`,
      );
    }),
  );
}

/** The given perturbations `[batch, time, ...]`, moved to time first, by the paths of their states. */
export function perturbationsOver(
  name: string,
  given: ApplyOptions["perturbations"],
  states: States,
  { batch, time }: BatchSize,
): Record<string, Tensor> {
  const shapes = Object.fromEntries(statesOf(states).map(({ path, shape }) => [path, shape]));
  return Object.fromEntries(
    partsOf(given).map(([path, value]) => {
      const shape = shapes[path];
      if (shape === undefined)
        throw new TensorError(`${name}: perturbations has ${path}; ${suggestion(path, Object.keys(shapes))}`);
      return [path, tensorOver(`${name}: perturbations ${path}`, value, [batch, time, ...shape])];
    }),
  );
}

/** The tensors of a tree that may have gaps, by path. */
function partsOf(given: ApplyOptions["perturbations"], path = ""): [string, unknown][] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null || isTensor(given)) return [[path, given]];
  return Object.entries<ApplyOptions["perturbations"]>(given).flatMap(([name, part]) =>
    partsOf(part, path === "" ? name : `${path}.${name}`),
  );
}

/** A tensor `[batch, time, ...]`, time first. */
function tensorOver(what: string, value: unknown, expected: Shape): Tensor {
  if (value !== undefined && isTensor(value) && sameShape(value.shape, expected)) return swapTime(value);
  const got =
    value !== undefined && isTensor(value) ? showShape(value.shape) : value === undefined ? "none" : String(value);
  throw new TensorError(`${what} must be ${showShape(expected)} (batch, time, ...), got ${got}`);
}

/** Which traces to collect. */
export function wantedOf(
  name: string,
  traces: boolean | readonly string[] | undefined,
  known: readonly string[],
): (trace: string) => boolean {
  if (traces === undefined || typeof traces === "boolean") return () => traces === true;
  const strange = traces.find((trace) => !known.includes(trace));
  if (strange !== undefined) throw new TensorError(`${name}: no trace ${strange}; ${suggestion(strange, known)}`);
  return (trace) => traces.includes(trace);
}

/** Swaps batch and time. */
export function swapTime(x: Tensor): Tensor {
  return transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);
}

/** The part of a tree under a name. */
export function partOf(tree: Tree | undefined, key: string, where: string): Tree {
  const child =
    tree === undefined || isTensor(tree) ? undefined : Object.entries<Tree>(tree).find(([name]) => name === key)?.[1];
  if (child === undefined) throw new TensorError(`${where}: nothing at ${key}; expected the nesting of the layer`);
  return child;
}
