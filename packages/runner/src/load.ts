import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isStudy, messageOf, studyError, systemCode, type Study } from "@sluice/study";
import { codeIdentity } from "./code/identity.ts";

/** Imports a module and returns the study that is its default export. */
export async function loadStudy(path: string): Promise<Study> {
  if (!existsSync(path)) throw studyError(`${path}: there is no such file`);
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    // Errors from the study's own checks are shown as they are. For other errors the message names the module that
    // could not be loaded.
    if (error instanceof Error && error.name === "StudyError") throw error;
    if (systemCode(error) === "ERR_UNKNOWN_FILE_EXTENSION" && /\.[mc]?ts\b/.test(messageOf(error))) {
      throw studyError(
        `${path}: TypeScript needs Node 22.18 or newer (or 22.12 and newer with --experimental-strip-types), and this is ${process.version}. Use a newer Node, or compile the study to JavaScript`,
      );
    }
    throw studyError(`${path}: the module cannot be loaded: ${messageOf(error)}${placeOf(error, path)}`, error);
  }
  if (!isStudy(module.default))
    throw studyError(`${path}: the module's default export is not a study; write "export default study({ ... })"`);
  return module.default;
}

/** Where a module cannot be parsed, as ` (study.ts, line 3)`. */
function placeOf(error: unknown, path: string): string {
  if (!(error instanceof SyntaxError)) return "";
  // Node writes the place before the stack, but only of TypeScript.
  const [, file, line] =
    /^(?:file:\/\/)?(\/.*|[a-z]:\\.*):(\d+)$/im.exec(error.stack?.split("\n")[0] ?? "") ?? unreadable(path);
  return file === undefined || line === undefined ? "" : ` (${file}, line ${line})`;
}

/** The first file of a study that is not JavaScript, and its line, as the parser of the study's identity tells them. */
function unreadable(path: string): readonly (string | undefined)[] {
  const { root, unresolved } = codeIdentity(path);
  for (const text of unresolved) {
    const [all, file = "", line] = /^(.*?): it cannot be read \(.*\((\d+):\d+\)\)/.exec(text) ?? [];
    if (all !== undefined) return [all, resolve(root, file), line];
  }
  return [];
}
