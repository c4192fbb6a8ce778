/**
 * An error whose message is meant for the person at the keyboard: it says what was wrong, where, and what to do.
 * `sluice` prints the message alone, without a stack.
 */
export function studyError(message: string, cause?: unknown): Error {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  error.name = "StudyError";
  return error;
}

/** The message of anything that can be thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a failed system call, such as `ENOENT`. */
export function systemCode(thrown: unknown): string | undefined {
  if (thrown instanceof Error && "code" in thrown && typeof thrown.code === "string") return thrown.code;
  return undefined;
}

/** The error of a store that could not write: `place` is what could not be written, the message says how to go on. */
export function storeError(place: string, message: string, cause?: unknown): Error {
  return Object.assign(studyError(message, cause), { unwritable: place });
}

/** Whether it was the store that failed, or the disk below it, and not the work. */
export function isStoreFailure(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    ("unwritable" in thrown || ["ENOSPC", "EDQUOT", "EROFS", "EIO"].includes(systemCode(thrown) ?? ""))
  );
}
