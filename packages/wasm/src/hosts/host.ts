import type { DType, Values } from "@sluice/tensor";
import type { Piece } from "@sluice/tensor/internal";

/** Hosts executables: their memories, and the threads that run them. */
export interface Host {
  /** The number of threads that modules must be generated for. With more than one, their memory is shared. */
  readonly threads: number;
  open(program: HostedProgram): Promise<Session>;
  /** Ends the threads. Every later call rejects. */
  close(): Promise<void>;
}

/** A module that imports `env.memory` and exports `run(worker, workers)`. */
export interface HostedProgram {
  readonly module: WebAssembly.Module;
  /** The pages of its memory, initially zeros. */
  readonly pages: number;
  /** The address of its threads' barrier. */
  readonly barrier: number;
  /** The tensors that are copied in and out. */
  readonly places: readonly TensorRange[];
}

/** The part of the memory that holds a tensor. */
export interface TensorRange {
  readonly dtype: DType;
  /** The address in bytes. */
  readonly offset: number;
  readonly elements: number;
}

/** A program and its memory. */
export interface Session {
  /** Copies inputs in, runs, copies outputs out. Exchanges happen in the order in which they were requested. */
  exchange(exchange: Exchange): Promise<readonly Values[]>;
  /** Gives the memory back after all exchanges. */
  release(): Promise<void>;
}

/** Places are indices into {@link HostedProgram.places}. */
export interface Exchange {
  readonly write: readonly Written[];
  readonly run: boolean;
  readonly read: readonly number[];
}

export interface Written {
  readonly place: number;
  /** Ranges of elements to set to zero before copying: [start, end, start, end, ...]. */
  readonly zeros: readonly number[];
  readonly pieces: readonly Piece[];
}

export type View = Float32Array | Int32Array;

/** Views of the places in a memory that does not grow any more. */
export function viewsOf(memory: WebAssembly.Memory, places: readonly TensorRange[]): View[] {
  return places.map(({ dtype, offset, elements }) =>
    dtype === "f32"
      ? new Float32Array(memory.buffer, offset, elements)
      : new Int32Array(memory.buffer, offset, elements),
  );
}

export function copyIn(views: readonly View[], written: readonly Written[]): void {
  for (const { place, zeros, pieces } of written) {
    const view = views[place]!;
    for (let i = 0; i < zeros.length; i += 2) view.fill(0, zeros[i], zeros[i + 1]);
    for (const { at, values } of pieces) view.set(values, at);
  }
}

/** Copies the values out. The caller owns the copies, even if the memory is shared. */
export function copyOut(views: readonly View[], places: readonly number[]): Values[] {
  return places.map((place) => {
    const view = views[place]!;
    return view instanceof Float32Array ? new Float32Array(view) : new Int32Array(view);
  });
}
