/**
 * The seed of every property test: SLUICE_SEED, or 1. A failing test names its seed and path;
 * `SLUICE_SEED=<seed> npm test -- <file>` runs it again.
 */
export const seed = wholeNumber("SLUICE_SEED", 1);

/** How many seeds `npm run test:seeds` tries, from {@link seed} on. */
export const count = wholeNumber("SLUICE_SEEDS", 1);

/** `npm run test:seeds -- --part 10` runs a tenth of the cases with each seed. */
export const part = wholeNumber("SLUICE_PART", 1);

/**
 * The i-th seed of a longer job. Seeds are spread over all 32 bits, because fast-check's generator starts similarly
 * from similar seeds.
 */
export function seedAt(i) {
  return i === 0 ? seed : Math.imul(seed + i, 0x9e3779b1) | 0;
}

function wholeNumber(name, otherwise) {
  const given = process.env[name];
  if (given === undefined || given === "") return otherwise;
  if (!/^-?\d+$/.test(given)) throw new Error(`${name} must be an integer, got ${JSON.stringify(given)}`);
  return Number(given) | 0;
}
