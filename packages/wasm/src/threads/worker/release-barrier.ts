import { ABORTED, GENERATION } from "../barrier-words.ts";

/** Lets everyone go who waits at a barrier for a participant that will not come: they trap. */
export function releaseBarrier(barrier: Int32Array): void {
  Atomics.store(barrier, ABORTED / 4, 1);
  Atomics.add(barrier, GENERATION / 4, 1);
  Atomics.notify(barrier, GENERATION / 4);
}
