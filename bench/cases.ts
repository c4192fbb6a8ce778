/** What is measured. Sizes are batch, time, input and hidden. */

const cellNames = ["rnn", "gru", "lstm", "layer-norm-gru", "custom-gru"] as const;
export type CellName = (typeof cellNames)[number];

/**
 * - `train`: forward and backward of a layer, with the gradients of all parameters and of the input.
 * - `adam`: a whole training step of a classifier: layer, last output, dense layer of 10 classes, cross entropy,
 *   backward, Adam.
 * - `ragged`: as `train`, with the lengths of {@link raggedLengths}; peers with packed sequences use them.
 * - `inference`: one sequence, one step at a time, each result awaited before the next; the time is the sum of all
 *   steps.
 */
export type Kind = "train" | "adam" | "ragged" | "inference";

export interface Case {
  /** `gru/32x100x128x128`: cell, batch, time, input, hidden. */
  readonly name: string;
  readonly kind: Kind;
  readonly cell: CellName;
  readonly batch: number;
  readonly time: number;
  readonly input: number;
  readonly hidden: number;
  readonly threads: number;
}

export const classes = 10;

const sizes = [
  [32, 100, 32, 32],
  [32, 100, 64, 64],
  [32, 100, 128, 128],
  [64, 100, 128, 256],
  [64, 100, 256, 512],
] as const;

const gates: Readonly<Record<CellName, number>> = { rnn: 1, gru: 3, lstm: 4, "layer-norm-gru": 3, "custom-gru": 3 };

export function makeCase(
  kind: Kind,
  cell: CellName,
  size: readonly [number, number, number, number],
  threads: number,
): Case {
  const [batch, time, input, hidden] =
    kind === "inference" ? ([1, ...size.slice(1)] as [number, number, number, number]) : size;
  return { name: `${cell}/${batch}x${time}x${input}x${hidden}`, kind, cell, batch, time, input, hidden, threads };
}

/** Every case, in the order of the table. */
export const allCases: readonly Case[] = [
  ...cellNames.flatMap((cell) => sizes.map((size) => makeCase("train", cell, size, 1))),
  ...sizes.map((size) => makeCase("adam", "gru", size, 1)),
  ...sizes.slice(0, 4).map((size) => makeCase("ragged", "gru", size, 1)),
  ...sizes.map((size) => makeCase("inference", "gru", size, 1)),
  ...cellNames.flatMap((cell) => sizes.slice(2).map((size) => makeCase("train", cell, size, 2))),
  ...sizes.slice(2).map((size) => makeCase("adam", "gru", size, 2)),
  makeCase("ragged", "gru", sizes[2], 2),
];

/** Cases that take a few minutes: each kind, each cell, one and two threads. */
export const quickCases: readonly Case[] = [
  ...cellNames.map((cell) => makeCase("train", cell, sizes[1], 1)),
  makeCase("train", "gru", sizes[2], 1),
  makeCase("adam", "gru", sizes[0], 1),
  makeCase("ragged", "gru", sizes[2], 1),
  makeCase("inference", "gru", sizes[1], 1),
  makeCase("train", "gru", sizes[2], 2),
];

/** Cases for comparing backends, and libraries in a page. With software rendering, these sizes take seconds. */
export const backendCases: readonly Case[] = (
  [
    [8, 20, 16, 16],
    [32, 100, 32, 32],
  ] as const
).flatMap((size) => [makeCase("train", "gru", size, 1), makeCase("adam", "gru", size, 1)]);

/** The case of an entry of the JSON file. */
export function caseOf({ name, kind, threads }: Pick<Case, "name" | "kind" | "threads">): Case {
  const found = [...allCases, ...backendCases].find(
    (of) => of.name === name && of.kind === kind && of.threads === threads,
  );
  if (found === undefined)
    throw new Error(
      `there is no case ${kind} ${name} with ${threads} threads; was the file written by another version?`,
    );
  return found;
}

/** The id that `--filter` is matched with: `train gru/32x100x64x64 1 thread`. */
export const idOf = ({ kind, name, threads }: Case): string =>
  `${kind} ${name} ${threads} ${threads === 1 ? "thread" : "threads"}`;

/**
 * Lengths that fall geometrically, with mean 20 and at most `time`: the quantiles of that distribution, so that every
 * run has the same ones. Longest first, as packed sequences want them.
 */
export function raggedLengths({ batch, time }: Pick<Case, "batch" | "time">): number[] {
  const stay = 1 - 1 / 20;
  return Array.from({ length: batch }, (_, row) => {
    const above = (row + 0.5) / batch;
    let [length, tail] = [1, stay];
    while (tail > above && length < time) [length, tail] = [length + 1, tail * stay];
    return length;
  });
}

/** The number of real steps, over all rows. */
export function stepsOf(of: Case): number {
  return of.kind === "ragged" ? raggedLengths(of).reduce((sum, length) => sum + length, 0) : of.batch * of.time;
}

/**
 * Floating-point operations of the matrix products, 2 per multiplication. The table's GFLOP/s count these. The gradient
 * takes one product for the weights and one for the layer's input; `adam` needs no gradient of the input.
 */
export function flopsOf(of: Case): number {
  const { kind, input, hidden } = of;
  const wide = 2 * stepsOf(of) * gates[of.cell] * hidden;
  if (kind === "inference") return wide * (input + hidden);
  if (kind === "adam") return wide * (2 * input + 3 * hidden) + 6 * of.batch * hidden * classes;
  return 3 * wide * (input + hidden);
}
