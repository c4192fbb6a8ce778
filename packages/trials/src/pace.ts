/** How fast examples are trained on; for the eye only, no result depends on it. */
export interface Pace {
  /** Times a step over so many examples. */
  measure<T>(examples: number, step: () => Promise<T>): Promise<T>;
  /** Over the last steps. */
  examplesPerSecond(): number;
}

const window = 20;

export function pace(): Pace {
  const last: { readonly examples: number; readonly seconds: number }[] = [];
  return {
    async measure(examples, step) {
      const started = performance.now();
      const result = await step();
      last.push({ examples, seconds: (performance.now() - started) / 1000 });
      if (last.length > window) last.shift();
      return result;
    },
    examplesPerSecond: () => total(last.map(({ examples }) => examples)) / total(last.map(({ seconds }) => seconds)),
  };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
