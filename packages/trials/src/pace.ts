/** How fast examples are trained on; for the eye only, no result depends on it. */
export interface Pace {
  /** Adds a step over so many examples. */
  add(examples: number, seconds: number): void;
  /** Over the last steps. */
  examplesPerSecond(): number;
}

const window = 20;

export function pace(): Pace {
  const last: { readonly examples: number; readonly seconds: number }[] = [];
  return {
    add(examples, seconds) {
      last.push({ examples, seconds });
      if (last.length > window) last.shift();
    },
    examplesPerSecond: () => total(last.map(({ examples }) => examples)) / total(last.map(({ seconds }) => seconds)),
  };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
