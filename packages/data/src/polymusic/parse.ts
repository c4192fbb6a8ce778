import { parseJson } from "@sluice/formats";
import { failIn, type Fail, type DataOrigin } from "../error.ts";

/** A piece of music: for each step the keys that sound, 0 (A0) to 87 (C8), in ascending order. */
export type PianoRoll = readonly (readonly number[])[];

/** The pieces of a set, in its own splits. */
export interface PianoRolls {
  readonly train: readonly PianoRoll[];
  readonly valid: readonly PianoRoll[];
  readonly test: readonly PianoRoll[];
}

/** Keys of a piano. */
export const keys = 88;

/**
 * Reads piano rolls, `{ "train": [...], "valid": [...], "test": [...] }`: each split is a list of pieces, each piece a
 * list of steps, each step the list of the keys that sound, 0 to 87, in ascending order (empty for silence). `origin` is
 * used in errors only. Throws a {@link DataError} that names the split, the piece and the step, each from 1.
 */
export function parsePianoRolls(text: string, origin: DataOrigin): PianoRolls {
  const fail = failIn("parsePianoRolls", origin);
  if (typeof text !== "string") return fail("", `expected the text as a string, got ${typeof text}`);
  let given: unknown;
  try {
    given = parseJson(text);
  } catch (cause) {
    return fail("", `it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return fail("", "expected an object with train, valid and test");
  const splits: Readonly<Record<string, unknown>> = { ...given };
  const other = Object.keys(splits).find((name) => !["train", "valid", "test"].includes(name));
  if (other !== undefined) fail("", `it has the unknown split ${other}; known: train, valid, test`);
  const piecesOf = (name: string): PianoRoll[] =>
    listOf(splits[name], name, "pieces", fail).map((piece, p) => pieceOf(piece, `${name}, piece ${p + 1}`, fail));
  return { train: piecesOf("train"), valid: piecesOf("valid"), test: piecesOf("test") };
}

function pieceOf(given: unknown, place: string, fail: Fail): PianoRoll {
  const steps = listOf(given, place, "steps", fail);
  if (steps.length < 2) fail(place, `it has ${steps.length} steps, expected at least 2, one to predict the other from`);
  return steps.map((step, t) => {
    let before = -1;
    return listOf(step, `${place}, step ${t + 1}`, "keys", fail).map((key): number => {
      const at = `${place}, step ${t + 1}`;
      if (typeof key !== "number" || !Number.isInteger(key) || key < 0 || key >= keys)
        return fail(at, `the key ${JSON.stringify(key)} is not an integer from 0 to ${keys - 1}`);
      if (key <= before) fail(at, `the key ${key} comes after ${before}; keys must ascend, each once`);
      return (before = key);
    });
  });
}

function listOf(given: unknown, place: string, of: string, fail: Fail): readonly unknown[] {
  return Array.isArray(given)
    ? given
    : fail(
        place,
        `expected a list of ${of}, got ${given === undefined ? "nothing" : JSON.stringify(given)?.slice(0, 40)}`,
      );
}
