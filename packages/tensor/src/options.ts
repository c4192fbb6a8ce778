import { TensorError } from "./errors.ts";
import { suggestion } from "./nearest.ts";
import { looksLikeTensor, shown } from "./shown.ts";

/**
 * Rejects options that are no plain object, and an option that is not among `known`, naming the nearest known one.
 * `aliases` maps other libraries' names to ours.
 */
export function checkOptions(
  operation: string,
  given: unknown,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): void {
  if (!isPlain(given)) {
    const names = known.length === 0 ? "of which there are none" : `such as { ${known[0]} }`;
    throw new TensorError(
      `${operation}: expected an object of options, ${names}, got ${shown(given)}${typeof given === "function" ? "; call it" : ""}${known.length === 0 ? "" : `; known: ${known.join(", ")}`}`,
    );
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name))
      throw new TensorError(`${operation}: unknown option ${name}; ${suggestion(name, known, aliases)}`);
  }
}

function isPlain(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !looksLikeTensor(value)
  );
}
