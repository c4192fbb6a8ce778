import { halves } from "@sluice/data";
import { study, type Metric } from "@sluice/study";
import { classificationMetrics, classificationTrial, predict } from "@sluice/trials";
import { claims } from "./claims.ts";
import { recordGates } from "./gates.ts";
import { accuracyByCase, complete, type Case } from "./missing.ts";
import { halvesModel, type FusionName } from "./model.ts";

const settings = {
  /**
   * Standard deviation of the noise on every pixel (pixels range from 0 to 1), and the probability that one of the
   * halves is missing.
   */
  noise: 0.5,
  missing: 0.5,
  train: 7000,
  validation: 1000,
  test: 2000,
  fusion: "concatenation" as FusionName,
  hidden: 64,
  batch: 50,
  epochs: 15,
  learningRate: 2e-3,
  clip: 1,
  logEvery: 20,
  validateEvery: 140,
};

const accuracyWhere = (what: string): Metric => ({
  label: `Held-out accuracy, ${what}`,
  unit: "%",
  better: "higher",
  split: "test",
  digits: 1,
  curve: false,
});
const byCase = {
  both: accuracyWhere("both halves present"),
  upperMissing: accuracyWhere("upper half missing"),
  lowerMissing: accuracyWhere("lower half missing"),
} as const satisfies { readonly [name in Case]: Metric };

export default study({
  name: "halves",
  title: "Two halves of a digit, and one of them missing",
  question:
    "The upper half of a digit is read row by row and the lower half column by column: two sequences of different length, with noise. In half of the digits one of them is missing. How much does fusing them gain, and which fusion tolerates a missing half best?",
  settings,
  tasks: { halves: {} },
  variants: {
    "Upper half": { fusion: "upper" },
    "Lower half": { fusion: "lower" },
    Concatenation: { fusion: "concatenation" },
    Gated: { fusion: "gmu" },
    LMF: { fusion: "lmf" },
  },
  seeds: 5,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes: "Scaled down: it can show the order of the variants, not reproduce the numbers of the papers.",
      hidden: 32,
      epochs: 8,
    },
    full: {},
  },
  metrics: { ...classificationMetrics, ...byCase },
  claims,
  tune: {
    over: { learningRate: { choice: [5e-4, 1e-3, 2e-3, 4e-3, 8e-3] } },
    by: "grid",
    metric: "validation",
    optional: true,
  },
  stepLabel: "optimizer step",
  notes:
    "The task was made for this project: there are no published numbers for it, and the claims are our own. All digits, including the held-out ones, are from MNIST’s training set. A GRU reads each half, the last states are fused, and a linear layer reads the result. Each example always has the same noise and the same missing half. The variants with a single half, and the concatenation, also read a flag per half that says whether it is present, so that no variant has to guess this. When its only half is missing, a single-half variant can do no better than guess the most frequent digit.",
  data: async () => (await halves({ train: 1, validation: 0, test: 0 })).provenance.files,
  estimate: ({ fusion, epochs, train, hidden }) =>
    5 + epochs * train * hidden * { upper: 1, lower: 2, concatenation: 3, gmu: 3, lmf: 3 }[fusion] * 5e-6,

  async trial(context) {
    const { noise, missing, train, validation, test, fusion, hidden } = context.config;
    const data = await halves({ noise, missing, train, validation, test });
    const model = halvesModel({ fusion, hidden });
    let cases: { readonly [name in Case]?: number | null } = {};
    const { metrics, ...outcome } = await classificationTrial(context, model, {
      data,
      async inspect({ params }, when, backend) {
        if (when === "start of training") return;
        recordGates(context, { model, params, examples: complete(data.validation) });
        // Tuning sees nothing of the test data.
        if (context.tuning) return;
        cases = accuracyByCase(await predict(model, params, data.test, { backend }), data.test);
      },
    });
    return { ...outcome, metrics: { ...metrics, ...cases } };
  },
});
