import { gru, sequence } from "@sluice/cells";
import { twoModalities } from "@sluice/data";
import { concatenation, gmu } from "@sluice/fusion";
import { multimodalStudy } from "@sluice/jobs";

const hidden = 8;
const encoder = () => sequence(gru({ input: 4, hidden }), { outputs: "last" });
const inputs = { a: hidden, b: hidden };

// Two fusions of two modalities, tested on every subset of them. Replace the data with your own.
export default multimodalStudy({
  name: "soft-gate",
  data: twoModalities({ interaction: "complementary", noise: 2, train: 1000, validation: 200, test: 500 }),
  encoders: { a: encoder(), b: encoder() },
  fusions: { gmu: gmu({ inputs, output: hidden }), concatenation: concatenation({ inputs }) },
  dropout: 0.2,
  learningRate: 1e-2,
  epochs: 20,
  budgets: { quick: { seeds: 5, epochs: 5 }, full: {} },
  // `sluice sweep` tries as many learning rates for every fusion, and never sees the test data.
  tune: { rate: [1e-3, 1e-1], trials: { quick: 4, full: 12 }, optional: true },
});
