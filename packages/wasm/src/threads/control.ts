/*
 * Shared words through which a pool and its workers communicate without their event loops. A worker is in one of three
 * states: running; waiting, asleep on the generation; or parked, back in its event loop after a while without work,
 * where only a message reaches it.
 *
 * A run starts with a new generation. A waiting worker sees it. A parked one must be claimed (parked -> running): by
 * the pool, which then posts a message, or by the worker itself, if it parked at that very moment. Only one of the two
 * succeeds.
 */
export const control = {
  generation: 0,
  /** Workers that finished this generation. */
  done: 1,
  /** 1 + the participant that failed first; 0 if none failed. */
  failed: 2,
  /** The number of messages that workers must return to their event loops for. */
  mail: 3,
  program: 4,
  entry: 5,
  argumentCount: 6,
  arguments: 7,
  /** One state per worker, a cache line apart. */
  states: 32,
  stateStride: 16,
} as const;

export const MAX_ARGUMENTS = control.states - control.arguments;

export const state = { parked: 0, waiting: 1, running: 2 } as const;

export function controlWords(workers: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4 * (control.states + workers * control.stateStride)));
}
