import { all, better, reaches, type Claim, type ClaimTest } from "@sluice/study";

const cells = ["RNN", "UGRNN", "GRU", "MGU", "LSTM"];

/**
 * More than half of a cell's networks. Each network has the value 0 or 100, so that the exact signed-rank test with a
 * centre of 50 is the sign test.
 */
const inMost = (task: string, variant: string, metric: "oneEach" | "edges" | "cube"): ClaimTest =>
  reaches({ task, variant, metric, value: 50, by: "signed rank" });

const ofEveryCell = (test: (variant: string) => ClaimTest): ClaimTest => all(...cells.map(test));

const lessAlike = (variant: string): Claim => ({
  text: `On three bits, the states of ${variant} and GRU are less alike (linear CKA) than those of two seeds of GRU (after Maheswaran et al. 2019, in another setting).`,
  kind: "own",
  test: better({ task: "three bits", metric: "cka", variant: "GRU", than: variant }),
});

/** All but the last two are about what a search without input finds. */
export const claims: readonly Claim[] = [
  {
    text: "On two bits, most networks of every cell have exactly one stable point for each of the 4 answers, and no other.",
    kind: "own",
    test: ofEveryCell((variant) => inMost("two bits", variant, "oneEach")),
  },
  {
    text: "On three bits, most networks of every cell have exactly one stable point for each of the 8 answers, and no other.",
    kind: "own",
    test: ofEveryCell((variant) => inMost("three bits", variant, "oneEach")),
  },
  {
    text: "On three bits, most networks of every cell have as many saddles of index 1 as independent bits: 12.",
    kind: "own",
    test: ofEveryCell((variant) => inMost("three bits", variant, "edges")),
  },
  ...["GRU", "LSTM"].map((variant): Claim => ({
    text: `On three bits, most ${variant}s have exactly the fixed points of independent bits: 8, 12, 6 and 1 with 0, 1, 2 and 3 unstable directions.`,
    kind: "own",
    test: inMost("three bits", variant, "cube"),
  })),
  {
    text: "On three bits, every cell still holds at least 99 % of the bits after 1,000 steps without a pulse, of which training had at most 39.",
    kind: "own",
    test: ofEveryCell((variant) =>
      reaches({ task: "three bits", variant, metric: "held", value: 99, by: "signed rank" }),
    ),
  },
  lessAlike("LSTM"),
  lessAlike("RNN"),
];
