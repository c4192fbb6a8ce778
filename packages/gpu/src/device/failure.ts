import { TensorError } from "@sluice/tensor";
import type { GpuMode } from "./modes.ts";

/** Where gpu.js is asked to do something. */
export interface Place {
  readonly mode: GpuMode;
  /** Whether its context is lost. */
  lost(): boolean;
  /** Whether nothing that is needed again lies on the device. Default false. */
  readonly stateless?: boolean;
}

/** Does what gpu.js may fail at, now or later, and says in which mode and what to do. */
export function explained<T>(place: Place, task: string, work: () => T | Promise<T>): T | Promise<T>;
export function explained<T, R>(
  place: Place,
  task: string,
  work: () => T | Promise<T>,
  then: (value: T) => R,
): R | Promise<R>;
export function explained(
  place: Place,
  task: string,
  work: () => unknown,
  then: (value: unknown) => unknown = (value) => value,
): unknown {
  const explain = (error: unknown): never => {
    if (error instanceof TensorError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (place.lost() || /\blost\b/.test(message)) throw lostError(place);
    throw new TensorError(`gpu: gpu.js could not ${task} in mode ${place.mode}: ${message}`);
  };
  try {
    const result = work();
    return result instanceof Promise ? result.then(then).catch(explain) : then(result);
  } catch (error) {
    return explain(error);
  }
}

export function lostError({ mode, stateless = false }: Place): TensorError {
  if (stateless)
    return new TensorError(
      `gpu: the device of mode ${mode} was lost. The state is as it was before this run: run again, or go on from it with another backend, such as @sluice/wasm`,
    );
  return new TensorError(
    `gpu: the device of mode ${mode} was lost, and with it what it held. Go on from the last state that was read, with a new backend: gpu() again, or @sluice/wasm`,
  );
}

export function isLost(context: unknown): boolean {
  if (
    typeof context !== "object" ||
    context === null ||
    !("isContextLost" in context) ||
    typeof context.isContextLost !== "function"
  )
    return false;
  return context.isContextLost() === true;
}
