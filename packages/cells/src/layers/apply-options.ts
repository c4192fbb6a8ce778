/** The options of `apply`: their names, and those that are not tensors. */
import { TensorError } from "@sluice/tensor";
import { checkFunction, checkKey, checkOptions, suggestion, shown } from "@sluice/tensor/internal";
import { traceOfState, type OverTime } from "../cell/over-time.ts";
import type { BatchSize } from "./layer.ts";

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
  "intervene",
  "extra",
  "segment",
  "carryAfter",
];

interface Checked {
  readonly maskedOutput?: unknown;
  readonly key?: unknown;
  readonly intervene?: unknown;
}

export function checkApply(name: string, given: Checked): void {
  checkOptions(`${name}.apply`, given, applyOptions, {
    initialState: "state",
    initial_state: "state",
    statistics: "buffers",
    sequenceLengths: "lengths",
    zeroOutputForMask: "maskedOutput",
    zero_output_for_mask: "maskedOutput",
  });
  const { maskedOutput = "zeros", key, intervene } = given;
  if (key !== undefined) checkKey(`${name}.apply`, key);
  if (intervene !== undefined) checkFunction(`${name}.apply`, "intervene", intervene);
  if (maskedOutput !== "zeros" && maskedOutput !== "repeat")
    throw new TensorError(
      `${name}.apply: unknown maskedOutput ${String(maskedOutput)}; ${suggestion(String(maskedOutput), ["zeros", "repeat"])}`,
    );
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
      `${name}: carryAfter must be an integer from 1 to ${time}, the number of steps, got ${shown(given)}`,
    );
  return given;
}

/** Which traces to collect: those of the step, and the states among them, `state.h`. */
export function wantedOf(
  name: string,
  given: boolean | readonly string[] | undefined,
  { traces, states }: { readonly traces: readonly string[]; readonly states: readonly string[] },
): Pick<OverTime, "wanted" | "wantedState"> {
  if (given === undefined || typeof given === "boolean")
    return { wanted: () => given === true, wantedState: () => false };
  const stateTraces = states.map(traceOfState).filter((trace) => !traces.includes(trace));
  const known = [...traces, ...stateTraces];
  const strange = given.find((trace) => !known.includes(trace));
  if (strange !== undefined && traces.length === 0)
    throw new TensorError(
      `${name}: no trace ${strange}: its step names no gate, so there are only its outputs and states to read; leave traces out`,
    );
  if (strange !== undefined) throw new TensorError(`${name}: no trace ${strange}; ${suggestion(strange, known)}`);
  return {
    wanted: (trace) => traces.includes(trace) && given.includes(trace),
    wantedState: (path) => stateTraces.includes(traceOfState(path)) && given.includes(traceOfState(path)),
  };
}
