import type { Program } from "../program/program.ts";
import type { ArrayTensor } from "../tensor.ts";

/**
 * The contract between programs and what runs them.
 *
 * Ownership: a backend owns the memory of its executables. Arrays passed to `run` and `writeState` are read before the
 * promise resolves and belong to the caller again afterwards; arrays that are returned belong to the caller and are
 * never written again.
 */
export interface Backend {
  readonly name: string;
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /** Ends workers and devices. Executables of a closed backend reject every call. */
  close(): Promise<void>;
}

/** How a program is compiled. */
export interface CompileOptions {
  /** Inputs that live on the backend between runs: weights, optimizer moments, recurrent state. They start as zeros. */
  readonly state?: readonly StateBinding[];
  /**
   * Bytes that may be planned: inputs, outputs, state and all values between them. Where keeping everything for a
   * loop's gradient takes more, parts of the loop are computed again; an error where that does not suffice. What
   * threads need for themselves, at most about a megabyte each, is not counted: results would depend on their number.
   * Default: any number. The reference backend plans nothing and refuses it.
   */
  readonly memory?: number;
}

/**
 * The input is not passed to `run`; with `output`, it takes that output's value after each run, and the output is not
 * returned.
 */
export interface StateBinding {
  readonly input: number;
  readonly output?: number;
}

/** A compiled program and the memory that it owns. */
export interface Executable {
  /**
   * The inputs that are not state, in order; resolves to the outputs that are not state, in order. Runs of one
   * executable are queued.
   */
  run(inputs: readonly ArrayTensor[]): Promise<ArrayTensor[]>;
  /** Copies of the state inputs, in the order of `state`. */
  readState(): Promise<ArrayTensor[]>;
  writeState(values: readonly ArrayTensor[]): Promise<void>;
  /** Frees the executable's memory; every later call rejects. */
  dispose(): Promise<void>;
  readonly statistics: ExecutableStatistics;
}

/** What a program costs. */
export interface ExecutableStatistics {
  /** Time to compile, in milliseconds. */
  readonly compileMilliseconds: number;
  /** Planned memory, in bytes. */
  readonly bytes: number;
  /** Kernels generated. */
  readonly kernels: number;
}
