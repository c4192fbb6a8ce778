/**
 * An error with a message for the user: what is wrong, where, and what to do. `sluice` prints only the message, without
 * the stack.
 */
export function studyError(message: string, cause?: unknown): Error {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  error.name = "StudyError";
  return error;
}

/** The message of any thrown value. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a failed system call, such as `ENOENT`. */
export function systemCode(thrown: unknown): string | undefined {
  if (thrown instanceof Error && "code" in thrown && typeof thrown.code === "string") return thrown.code;
  return undefined;
}

/**
 * The error of a store that could not write. `place` is what could not be written; the message says how to continue.
 */
export function storeError(place: string, message: string, cause?: unknown): Error {
  return Object.assign(studyError(message, cause), { unwritable: place });
}

/** Whether the store or its disk failed, rather than the trial. */
export function isStoreFailure(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    ("unwritable" in thrown || ["ENOSPC", "EDQUOT", "EROFS", "EIO"].includes(systemCode(thrown) ?? ""))
  );
}
