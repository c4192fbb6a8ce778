import { TensorError } from "@sluice/tensor";
import type { GpuMode } from "./modes.ts";

/** What an error of gpu.js is explained with. */
export interface FailureContext {
  readonly mode: GpuMode;
  /** Whether the device's context is lost. */
  lost(): boolean;
  /** Whether the device holds nothing that is needed again. Default false. */
  readonly stateless?: boolean;
}

/** Does work that may fail in gpu.js, now or later. Errors say in which mode it failed, and what to do. */
export function explained<T>(context: FailureContext, task: string, work: () => T | Promise<T>): T | Promise<T>;
export function explained<T, R>(
  context: FailureContext,
  task: string,
  work: () => T | Promise<T>,
  then: (value: T) => R,
): R | Promise<R>;
export function explained(
  context: FailureContext,
  task: string,
  work: () => unknown,
  then: (value: unknown) => unknown = (value) => value,
): unknown {
  const explain = (error: unknown): never => {
    if (error instanceof TensorError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (context.lost() || /\blost\b/.test(message)) throw lostError(context);
    throw new TensorError(`gpu: gpu.js could not ${task} in mode ${context.mode}: ${message}`);
  };
  try {
    const result = work();
    return result instanceof Promise ? result.then(then).catch(explain) : then(result);
  } catch (error) {
    return explain(error);
  }
}

export function lostError({ mode, stateless = false }: FailureContext): TensorError {
  if (stateless)
    return new TensorError(
      `gpu: the device of mode ${mode} was lost. The state is unchanged by this run: run again, or continue on another backend, such as @sluice/wasm`,
    );
  return new TensorError(
    `gpu: the device of mode ${mode} was lost, and its state with it. Make a new backend (gpu() again, or @sluice/wasm) and continue from the state that you read last`,
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
