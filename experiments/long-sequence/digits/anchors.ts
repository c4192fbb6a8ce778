import type { Anchor } from "@sluice/study";

type Published = readonly [variant: string, value: number, spread?: string];

/**
 * Accuracies on sequential MNIST from the papers' tables. All read 28x28 images pixel by pixel and use MNIST's own
 * 60,000 training and 10,000 test images.
 */
export const anchors: readonly Anchor[] = [
  ...published("Bai et al. 2018, table 1", "784 pixels; 1 layer of 130, RMSprop 1e-3, clipping 1", [
    ["LSTM", 87.2],
    ["GRU", 96.2],
    ["RNN", 21.5],
  ]),
  ...published("Cooijmans et al. 2017, table 1", "784 pixels; 100 units, RMSprop 1e-3, momentum 0.9, clipping 1", [
    ["LSTM", 98.9],
    ["RNN", 35],
  ]),
  ...published("Campos et al. 2018 (Skip RNN), table 2", "784 pixels; 110 units, Adam 1e-4, 600 epochs", [
    ["LSTM", 91, "±4.5, 4 runs"],
    ["GRU", 96.8, "±1.3, 4 runs"],
  ]),
];

function published(source: string, setting: string, figures: readonly Published[]): Anchor[] {
  return figures.map(([variant, value, spread]) => ({
    task: "pixels",
    variant,
    metric: "accuracy",
    value,
    ...(spread === undefined ? {} : { spread }),
    source,
    setting,
    sameSetting: false,
  }));
}
