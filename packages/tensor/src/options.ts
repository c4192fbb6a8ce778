import { TensorError } from "./errors.ts";
import { suggestion } from "./nearest.ts";
import { looksLikeTensor, shown } from "./shown.ts";

/**
 * Throws an error if options are not a plain object, or if an option is not among `known`; the error names the nearest
 * known option. `aliases` maps other libraries' names to ours.
 */
export function checkOptions(
  operation: string,
  given: unknown,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): void {
  if (!isPlain(given)) {
    const names = known.length === 0 ? "but there are no options" : `such as { ${known[0]} }`;
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
