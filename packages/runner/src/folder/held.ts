import { studyError } from "@sluice/study";
import type { Lock } from "./lock.ts";

/** A process that was suspended while another machine took its place must not write anything more. */
export function assertHeld(lock: Lock): void {
  if (!lock.isHeld())
    throw studyError(`${lock.path}: another process took over the lock, because this one was silent for too long`);
}
