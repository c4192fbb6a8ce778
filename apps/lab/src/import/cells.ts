import type { Json } from "@sluice/study";

/** The members of an object by their full names, such as `optimizer.rate`; `null` for anything else. Nulls are left out. */
export function flattened(value: unknown, within = ""): Map<string, unknown> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const cells = new Map<string, unknown>();
  for (const [name, member] of Object.entries(value)) {
    if (member === null || member === undefined) continue;
    const below = member instanceof Date ? null : flattened(member, `${within}${name}.`);
    if (below === null || below.size === 0) cells.set(`${within}${name}`, member);
    else for (const [path, inner] of below) cells.set(path, inner);
  }
  return cells;
}

const WORDS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  "-nan": Number.NaN,
  inf: Infinity,
  "+inf": Infinity,
  "-inf": -Infinity,
  infinity: Infinity,
  "-infinity": -Infinity,
};

/** A number, also as a text of CSV or Python; `null` if it is none. */
export function numberOf(cell: unknown): number | null {
  if (typeof cell === "number") return cell;
  if (typeof cell === "bigint") return Number(cell);
  if (typeof cell === "boolean") return cell ? 1 : 0;
  if (typeof cell !== "string") return null;
  const word = WORDS[cell.trim().toLowerCase()];
  if (word !== undefined) return word;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell.trim()) ? Number(cell) : Number.NaN;
  return Number.isNaN(value) ? null : value;
}

/** An integer of at least 0; also `3.0`, as pandas writes integers beside missing values. `null` if it is none. */
export function countOf(cell: unknown): number | null {
  const value = numberOf(cell);
  return value !== null && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

export function textOf(cell: unknown): string {
  if (typeof cell === "string") return cell;
  if (typeof cell === "number" || typeof cell === "boolean" || typeof cell === "bigint") return String(cell);
  return JSON.stringify(cell) ?? "";
}

const LITERALS: Readonly<Record<string, Json>> = {
  True: true,
  False: false,
  None: null,
  true: true,
  false: false,
  null: null,
};

/** A setting's value. A text of CSV is read as the type that the setting has in the run, if it has one there. */
export function settingOf(cell: unknown, usual: Json | undefined): Json {
  if (typeof cell === "string") {
    if (typeof usual === "string") return cell;
    const literal = LITERALS[cell];
    if (literal !== undefined) return literal;
    const number = numberOf(cell);
    if (number !== null && Number.isFinite(number)) return number;
    return /^[[{]/.test(cell) ? jsonOf(cell) : cell;
  }
  if (typeof cell === "number" && !Number.isFinite(cell)) return String(cell);
  if (typeof cell === "bigint") return Number(cell);
  return jsonOf(JSON.stringify(cell) ?? "null");
}

function jsonOf(text: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

/** A moment as ISO 8601 in UTC: from a text, a date, or seconds or milliseconds since 1970. `null` if it is none. */
export function momentOf(cell: unknown): string | null {
  const number = cell instanceof Date ? null : numberOf(cell);
  const date =
    cell instanceof Date
      ? cell
      : number === null
        ? new Date(textOf(cell))
        : new Date(number < 1e11 ? number * 1000 : number);
  return Number.isFinite(date.getTime()) ? date.toISOString() : null;
}
