/** The settings of a run. Together with the backend's rounding they determine every bit of the weights. */
export interface Settings {
  /** Steps per sequence. */
  readonly time: number;
  /** Sequences per batch. */
  readonly batch: number;
  /** Hidden units of the GRU. */
  readonly hidden: number;
  /** The learning rate of Adam. */
  readonly learningRate: number;
  /** How many training steps the run has. */
  readonly steps: number;
  readonly seed: number;
}

export const defaults: Settings = { time: 100, batch: 32, hidden: 64, learningRate: 0.01, steps: 600, seed: 1 };

/** Settings from texts by name, as from a form or a command line. A missing text gives the default. */
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
