import type { Parting } from "@sluice/study";

/** "step 40, loss: 0.3100 and 0.3200", with as many digits as it takes to tell the numbers apart. */
export function partingText({ step, metric, first, second }: Parting): string {
  const digits = digitsThatDiffer(first, second);
  return `step ${step}, ${metric}: ${shown(first, digits)} and ${shown(second, digits)}`;
}

function shown(value: number | undefined, digits: number): string {
  if (value === undefined) return "none";
  return Object.is(value, -0) ? "-0" : value.toPrecision(digits);
}

/** The fewest significant digits that tell two numbers apart, at least 4. */
function digitsThatDiffer(first = Number.NaN, second = Number.NaN): number {
  for (let digits = 4; digits < 17; digits += 1)
    if (first.toPrecision(digits) !== second.toPrecision(digits)) return digits;
  // 17 digits tell any two numbers apart, except 0 and -0.
  return first === second ? 4 : 17;
}
