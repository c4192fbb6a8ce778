/** The options of `apply`: their names, and those that are not tensors. */
import { TensorError } from "@sluice/tensor";
import { checkKey, checkOptions, suggestion, shown } from "@sluice/tensor/internal";
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
  "extra",
  "segment",
  "carryAfter",
];

export function checkApply(name: string, given: { readonly maskedOutput?: unknown; readonly key?: unknown }): void {
  checkOptions(`${name}.apply`, given, applyOptions, {
    initialState: "state",
    initial_state: "state",
    statistics: "buffers",
    sequenceLengths: "lengths",
    zeroOutputForMask: "maskedOutput",
    zero_output_for_mask: "maskedOutput",
  });
  const { maskedOutput = "zeros", key } = given;
  if (key !== undefined) checkKey(`${name}.apply`, key);
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

/** Which traces to collect. */
export function wantedOf(
  name: string,
  traces: boolean | readonly string[] | undefined,
  known: readonly string[],
): (trace: string) => boolean {
  if (traces === undefined || typeof traces === "boolean") return () => traces === true;
  const strange = traces.find((trace) => !known.includes(trace));
  if (strange !== undefined && known.length === 0)
    throw new TensorError(
      `${name}: no trace ${strange}: its step names no gate, so there are only its outputs and states to read; leave traces out`,
    );
  if (strange !== undefined) throw new TensorError(`${name}: no trace ${strange}; ${suggestion(strange, known)}`);
  return (trace) => traces.includes(trace);
}
