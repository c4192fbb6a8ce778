import { readFileSync } from "node:fs";
import { canonicalJson, messageOf, studyError, systemCode } from "@sluice/study";
import { sha256 } from "./sha256.ts";
import { writeAtomically } from "./write.ts";

/**
 * The kind of a sealed file. It is part of the seal, so that one file cannot be mistaken for another with a similar
 * format.
 */
export type SealedKind =
  | "study"
  | "config"
  | "environment"
  | "checkpoint"
  | "series"
  | "result"
  | "results"
  | "annotations"
  | "batch"
  | "archived";

/** Writes a JSON file that ends with a SHA-256 of its content, and returns that seal. */
export function writeSealed(path: string, kind: SealedKind, content: object): string {
  const plain: object = JSON.parse(JSON.stringify(content));
  const seal = sealOf(kind, plain);
  writeAtomically(path, `${JSON.stringify({ ...plain, seal }, null, 2)}\n`);
  return seal;
}

/**
 * Reads a JSON file and checks its seal.
 *
 * @throws an error that names the file and what is wrong with it; `goOn` says what to do.
 */
export function readSealed(
  path: string,
  kind: SealedKind,
  goOn = "",
): { readonly content: object; readonly seal: string } {
  const fail = (what: string, cause?: unknown): Error =>
    studyError(`${path}: ${what}${goOn === "" ? "" : `. ${goOn}`}`, cause ?? new Error(what));
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw fail(
      systemCode(error) === "ENOENT"
        ? "the file is missing"
        : systemCode(error) === undefined
          ? `damaged: not JSON (${messageOf(error)})`
          : messageOf(error),
      error,
    );
  }
  if (typeof parsed !== "object" || parsed === null || !("seal" in parsed)) throw fail("damaged: it has no seal");
  const { seal, ...content } = parsed;
  if (seal !== sealOf(kind, content)) throw fail("damaged: its content does not match its seal");
  return { content, seal };
}

/** The seal of a content: a SHA-256 of it and its kind. */
export function sealOf(kind: SealedKind, content: object): string {
  return sha256(`${kind}\n${canonicalJson(content)}`);
}
