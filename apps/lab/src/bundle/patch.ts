/** A patch of git that was taken apart. */
export interface DividedPatch {
  /** What is left, which `git apply` takes. */
  readonly text: string;
  /** The files whose contents were left out, from the top of the repository. */
  readonly dropped: readonly string[];
}

/** Divides a patch into those of its files, and leaves out some. */
export function withoutFiles(patch: string, drop: (path: string, part: string) => boolean): DividedPatch {
  const dropped: string[] = [];
  const kept = patch.split(/^(?=diff --git )/m).filter((part) => {
    const path = pathOf(part);
    if (path === null || !drop(path, part)) return true;
    dropped.push(path);
    return false;
  });
  return { text: kept.join(""), dropped };
}

/** Whether the part of a patch only says that a file differs: git does not show the contents of binary files. */
export const isBinary = (part: string): boolean => /^Binary files .* differ$/m.test(part);

function pathOf(part: string): string | null {
  const [line = ""] = part.split("\n", 1);
  const quoted = /^diff --git "a\/.*" "b\/(.*)"$/.exec(line)?.[1];
  if (quoted !== undefined) return unquoted(quoted);
  return /^diff --git a\/.* b\/(.*)$/.exec(line)?.[1] ?? null;
}

/** git writes the bytes of other letters as octal numbers. */
function unquoted(text: string): string {
  const bytes = [...text.matchAll(/\\([0-7]{3})|\\(.)|([^\\])/g)].flatMap(([, octal, escaped, plain = ""]) =>
    octal === undefined ? [...new TextEncoder().encode(escaped ?? plain)] : [Number.parseInt(octal, 8)],
  );
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
