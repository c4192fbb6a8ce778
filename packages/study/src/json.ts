/** A value that JSON can represent. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * JSON with sorted keys and no white space. Equal values give equal texts, so the hash of the text identifies the
 * value. Members that are `undefined` are left out, as in `JSON.stringify`. A number that is not finite is an error.
 */
export function canonicalJson(value: unknown): string {
  const text = canonical(value);
  if (text === null) throw new Error(`canonicalJson: ${problem(value, "$")}`);
  return text;
}

/** `null` if JSON cannot represent the value. */
function canonical(value: unknown): string | null {
  if (value === null || typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : null;
  if (typeof value !== "object") return null;
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const item of value) {
      const text = canonical(item);
      if (text === null) return null;
      parts.push(text);
    }
    return `[${parts.join(",")}]`;
  }
  const members: { readonly [name: string]: unknown } = { ...value };
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member === undefined) continue;
    const text = canonical(member);
    if (text === null) return null;
    parts.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${parts.join(",")}}`;
}

/** Where the value has something that JSON cannot represent, and what it is. */
function problem(value: unknown, path: string): string | null {
  if (value === null || typeof value === "string" || typeof value === "boolean") return null;
  if (typeof value === "number")
    return Number.isFinite(value) ? null : `${path} is ${value}, but JSON only has finite numbers`;
  if (typeof value !== "object") return `${path} is a ${typeof value}, which JSON cannot represent`;
  const within = Array.isArray(value)
    ? value.map((item, index) => problem(item, `${path}[${index}]`))
    : Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([name, member]) => problem(member, `${path}.${name}`));
  return within.find((found) => found !== null) ?? null;
}
