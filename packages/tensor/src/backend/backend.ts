import type { Program } from "../program/program.ts";
import type { ArrayTensor } from "../tensor.ts";

/**
 * The contract between programs and backends.
 *
 * Ownership: a backend owns the memory of its executables. Arrays passed to `run` and `writeState` are read before the
 * promise resolves and belong to the caller again afterwards; arrays that are returned belong to the caller and are
 * never written again.
 */
export interface Backend {
  readonly name: string;
  /**
   * Why a program may give other bits on another machine, in a sentence without a capital or a full stop. Absent if it
   * gives the same bits everywhere.
   */
  readonly varies?: string;
  /** Compiles a program; see {@link CompileOptions}. */
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /** Ends workers and devices. After that, executables of the backend reject every call. */
  close(): Promise<void>;
}

/** How a program is compiled. */
export interface CompileOptions {
  /**
   * Inputs that stay on the backend between runs, such as weights, optimizer moments and recurrent state. They start as
   * zeros.
   */
  readonly state?: readonly StateBinding[];
  /**
   * Memory budget of the plan in bytes, for inputs, outputs, state and all intermediate values. If a loop's gradient
   * would need more, parts of the loop are computed again; if that does not suffice, `compile` throws. Memory that
   * threads need for themselves, at most about a megabyte each, does not count, because results would then depend on
   * the number of threads. Default: no limit. The reference backend plans nothing and refuses a budget.
   */
  readonly memory?: number;
}

/**
 * The input is not passed to `run`. With `output`, it takes that output's value after each run, and the output is not
 * returned.
 */
export interface StateBinding {
  readonly input: number;
  readonly output?: number;
}

/** A compiled program and the memory that it owns. */
export interface Executable {
  /**
   * Takes the inputs that are not state, in order, and resolves to the outputs that are not state, in order. Runs of
   * one executable are queued.
   */
  run(inputs: readonly ArrayTensor[]): Promise<ArrayTensor[]>;
  /** Copies of the state inputs, in the order of `state`. */
  readState(): Promise<ArrayTensor[]>;
  /** Replaces the state inputs, in the order of `state`. */
  writeState(values: readonly ArrayTensor[]): Promise<void>;
  /** Frees the executable's memory. Every later call rejects. */
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
