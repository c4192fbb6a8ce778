/*
 * The words through which a pool and its workers talk while no event loop turns. A worker is in one of three states:
 * running; waiting, asleep on the generation; parked, back in its event loop after a while without work, where only a
 * message reaches it.
 *
 * A run starts with a new generation. A worker that waits sees it; one that is parked is claimed (parked -> running) by
 * the pool, which posts a message, or by itself, if it parked at the same moment. Only one of the two succeeds.
 */
export const control = {
  generation: 0,
  /** Workers that finished this generation. */
  done: 1,
  /** 1 + the participant that failed first; 0 while none has. */
  failed: 2,
  /** Messages posted that every worker should go back to its event loop for. */
  mail: 3,
  program: 4,
  entry: 5,
  argumentCount: 6,
  arguments: 7,
  /** One state for each worker, a cache line apart. */
  states: 32,
  stateStride: 16,
} as const;

export const MAX_ARGUMENTS = control.states - control.arguments;

export const state = { parked: 0, waiting: 1, running: 2 } as const;

export function controlWords(workers: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4 * (control.states + workers * control.stateStride)));
}
