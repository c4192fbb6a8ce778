/** Training speed in examples per second, for display only. */
export interface Pace {
  /** Records a step over this many examples. */
  add(examples: number, seconds: number): void;
  /** The speed over the last steps. */
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
