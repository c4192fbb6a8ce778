import type { DType, Values } from "@sluice/tensor";
import type { Piece } from "@sluice/tensor/internal";

/** Where executables live: their memories, and the threads that run them. */
export interface Host {
  /** For how many threads modules are to be generated; with more than one their memory is shared. */
  readonly threads: number;
  open(program: HostedProgram): Promise<Session>;
  /** Ends the threads; every later call is an error. */
  close(): Promise<void>;
}

/** A module that imports `env.memory` and exports `run(worker, workers)`. */
interface HostedProgram {
  readonly module: WebAssembly.Module;
  /** Pages of its memory, which are zeros at first. */
  readonly pages: number;
  /** Address of the barrier at which its threads meet. */
  readonly barrier: number;
  /** What is copied in and out. */
  readonly places: readonly Place[];
}

/** A tensor's place in the memory. */
export interface Place {
  readonly dtype: DType;
  /** In bytes. */
  readonly offset: number;
  readonly elements: number;
}

/** A program and its memory. */
export interface Session {
  /** Copies in, runs, copies out. Exchanges follow each other in the order in which they were asked for. */
  exchange(exchange: Exchange): Promise<Values[]>;
  /** Gives the memory back once all exchanges have been made. */
  release(): Promise<void>;
}

/** Places are meant by their position in {@link HostedProgram.places}. */
interface Exchange {
  readonly write: readonly Written[];
  readonly run: boolean;
  readonly read: readonly number[];
}

export interface Written {
  readonly place: number;
  /** Elements that become zero before anything is copied, [start, end, start, end, ...]. */
  readonly zeros: readonly number[];
  readonly pieces: readonly Piece[];
}

export type View = Float32Array | Int32Array;

/** What shows the places of a memory that does not grow any more. */
export function viewsOf(memory: WebAssembly.Memory, places: readonly Place[]): View[] {
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

/** Copies that the caller owns, also where the memory is shared. */
export function copyOut(views: readonly View[], places: readonly number[]): Values[] {
  return places.map((place) => {
    const view = views[place]!;
    return view instanceof Float32Array ? new Float32Array(view) : new Int32Array(view);
  });
}
