/** A value that JSON can represent. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * JSON with sorted keys and no white space. Equal values give equal texts, so the hash of the text identifies the
 * value. Members that are `undefined` are left out, as in `JSON.stringify`. A number that is not finite is an error.
 */
export function canonicalJson(value: unknown): string {
  return canonical(value, "$");
}

function canonical(value: unknown, path: string): string {
  if (value === null || typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value))
      throw new Error(`canonicalJson: ${path} is ${value}, but JSON only has finite numbers`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item, index) => canonical(item, `${path}[${index}]`)).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member, `${path}.${key}`)}`);
    return `{${members.join(",")}}`;
  }
  throw new Error(`canonicalJson: ${path} is a ${typeof value}, which JSON cannot represent`);
}
