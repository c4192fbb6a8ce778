/** What a run is made of. Together with how its backend rounds, this decides every bit of it. */
export interface Settings {
  /** Steps of a sequence. */
  readonly time: number;
  /** Sequences of a batch. */
  readonly batch: number;
  /** Units of the GRU. */
  readonly hidden: number;
  /** Adam's. */
  readonly learningRate: number;
  /** Training steps after which the run is done. */
  readonly steps: number;
  readonly seed: number;
}

export const defaults: Settings = { time: 100, batch: 32, hidden: 64, learningRate: 0.01, steps: 600, seed: 1 };

/** From texts by name, of a form or of a command line; the default where there is none. */
export function settingsFrom(textOf: (name: keyof Settings) => string | undefined): Settings {
  const number = (name: keyof Settings): number => Number(textOf(name) ?? defaults[name]);
  return {
    time: number("time"),
    batch: number("batch"),
    hidden: number("hidden"),
    learningRate: number("learningRate"),
    steps: number("steps"),
    seed: number("seed"),
  };
}
