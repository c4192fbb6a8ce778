const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number with three significant digits, or two with a power of ten if it is below 0.001. A dash if undefined. */
export function significant(value: number | undefined): string {
  if (value === undefined) return "–";
  if (value >= 100) return value.toFixed(0);
  if (value >= 1e-3 || value === 0) return String(Number(value.toPrecision(3)));
  const [mantissa, exponent] = value.toExponential(1).split("e-");
  const power = `10⁻${[...exponent!].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;
  return mantissa === "1.0" ? power : `${mantissa} × ${power}`;
}
