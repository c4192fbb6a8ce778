/** What a pool says to a worker that takes part in its runs. */
export type ToMember =
  | {
      readonly kind: "setup";
      readonly control: Int32Array<SharedArrayBuffer>;
      /** The number of the worker among the workers, from 0. */
      readonly index: number;
      /** Its number among the participants, from 0. */
      readonly worker: number;
      readonly participants: number;
      readonly workers: number;
      /** Whether it announces the end of a run, because the pool's thread does not sleep until then. */
      readonly announce: boolean;
    }
  | {
      readonly kind: "load";
      readonly id: number;
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      /** The exported functions, in the order by which a run numbers them. */
      readonly names: readonly string[];
      readonly barrier: number | undefined;
    }
  | { readonly kind: "release"; readonly id: number }
  | { readonly kind: "run" };

/** A worker's message to the pool. */
export type FromMember =
  | { readonly kind: "loaded"; readonly id: number; readonly error?: string }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly worker: number; readonly message: string };

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message || String(error) : String(error);
