/**
 * Reads what Python prints for a dictionary, as `DataFrame.to_csv` writes a cell that holds one: `{'rate': 0.1, 'bias':
 * True}`. Its values may be texts, numbers, True, False, None, lists, tuples and dictionaries. Numbers that are not
 * finite are given as texts.
 *
 * @returns the dictionary, or `null` for any other text.
 */
export function pythonDict(text: string): object | null {
  const json = text.replaceAll(TOKEN, (token, quoted: string | undefined) =>
    quoted === undefined
      ? (WORDS.get(token) ?? (/^[()]/.test(token) ? (token === "(" ? "[" : "]") : token))
      : asJson(token),
  );
  try {
    // A tuple of one ends with a comma.
    const value: unknown = JSON.parse(json.replaceAll(/("(?:[^"\\]|\\.)*")|,(\s*[\]}])/g, "$1$2"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** A quoted text, a word, or a parenthesis. */
const TOKEN = /('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|-?\b[A-Za-z_]\w*|[()]/g;

const WORDS: ReadonlyMap<string, string> = new Map([
  ["True", "true"],
  ["False", "false"],
  ["None", "null"],
  ["nan", '"NaN"'],
  ["inf", '"Infinity"'],
  ["-inf", '"-Infinity"'],
]);

/** A quoted text of Python as one of JSON. */
const asJson = (quoted: string): string =>
  `"${quoted
    .slice(1, -1)
    .replaceAll(/\\x([0-9a-f]{2})/gi, "\\u00$1")
    .replaceAll(/\\.|"/g, (found) => (found === "\\'" ? "'" : found === '"' ? '\\"' : found))}"`;
