/** A short text for a value in an error message. It never throws. */
export function shown(value: unknown): string {
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Promise) return "a promise; await it";
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (Array.isArray(value))
    return value.length > 6
      ? `a list of ${value.length}`
      : `[${value.map((item) => (Array.isArray(item) ? "[…]" : shown(item))).join(", ")}]`;
  if (looksLikeTensor(value))
    return "shape" in value && Array.isArray(value.shape) ? `a tensor [${value.shape.join(",")}]` : "a tensor";
  const keys = Object.keys(value);
  return keys.length === 0
    ? "an object without members"
    : `an object of ${keys.slice(0, 6).join(", ")}${keys.length > 6 ? ", …" : ""}`;
}

/** The same as `isTensor` of tensor.ts, which imports this file. */
export function looksLikeTensor(value: object): boolean {
  return "kind" in value && (value.kind === "array" || value.kind === "symbol");
}
