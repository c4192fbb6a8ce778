import { TensorError } from "./errors.ts";

/**
 * Rejects options that are no plain object, and an option that is not among `known`, naming the nearest known one. `aliases` maps other libraries' names to ours.
 */
export function checkOptions(operation: string, given: object, known: readonly string[], aliases: Readonly<Record<string, string>> = {}): void {
  if (!isPlain(given)) {
    const names = known.length === 0 ? "of which there are none" : `such as { ${known[0]} }`;
    throw new TensorError(`${operation}: expected an object of options, ${names}, got ${shown(given)}${known.length === 0 ? "" : `; known: ${known.join(", ")}`}`);
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new TensorError(`${operation}: unknown option ${name}; ${suggestion(name, known, aliases)}`);
  }
}

/** `did you mean x?` where a known name is near, otherwise the known names. */
export function suggestion(name: string, known: readonly string[], aliases: Readonly<Record<string, string>> = {}): string {
  const near = (Object.hasOwn(aliases, name) ? aliases[name] : undefined) ?? nearest(name, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length === 0 ? "there are none" : `known: ${known.join(", ")}`;
}

/** The known name within a few edits of `name`. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let closest: string | undefined;
  let distance = Math.floor(Math.max(name.length, 3) / 3) + 2;
  for (const candidate of known) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < distance) [closest, distance] = [candidate, edits];
  }
  return closest;
}

/** Levenshtein's distance, with an exchange of neighbours counted once (optimal string alignment): `lenghts` is one edit from `lengths`. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const [row, above, before] = [[i], rows[i - 1]!, rows[i - 2]];
    for (let j = 1; j <= b.length; j++) {
      const edits = Math.min(above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1), above[j]! + 1, row[j - 1]! + 1);
      const exchanged = before !== undefined && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(exchanged ? Math.min(edits, before[j - 2]! + 1) : edits);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

function isPlain(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value) && !isTensor(value);
}

/** As `isTensor` of tensor.ts, which stands above this file. */
function isTensor(value: object): boolean {
  return "kind" in value && (value.kind === "array" || value.kind === "symbol");
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `the function ${value.name}; call it`;
  if (typeof value !== "object" || value === null) return String(value);
  if (isTensor(value)) return "a tensor";
  return Array.isArray(value) ? "an array" : `a ${value.constructor.name}`;
}
