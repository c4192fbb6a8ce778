/** The heading of a column. */
export interface Heading {
  /** As it stands in the table. */
  readonly text: string;
  /** Without the unit. */
  readonly name: string;
  readonly unit?: string;
}

/** Reads a heading. With `units`, `weight [kg]` and `weight (kg)` are a name and its unit. */
export function headingOf(given: string, units: boolean): Heading {
  const text = given.trim();
  const [, name = "", square, round] = (units ? /^(.*\S)\s*(?:\[([^\][]*)\]|\(([^)(]*)\))$/.exec(text) : null) ?? [];
  const unit = (square ?? round ?? "").trim();
  return unit === "" ? { text, name: text } : { text, name, unit };
}
