import { digits } from "@sluice/data";
import { study } from "@sluice/study";
import { classificationMetrics, classificationTrial, firstRows, gradientFlowOf } from "@sluice/trials";
import { claims } from "./claims.ts";
import { clippedDescent, type ClipperName } from "./clippers.ts";
import { clippingModel, type NormalizerName } from "./model.ts";
import { noisyDigits } from "./noisy-digits.ts";

const settings = {
  /** Side of the images, which are read row by row. */
  size: 28 as 14 | 28,
  /** The largest noise on a pixel, which is from 0 to 1. */
  noise: 0.1,
  train: 8000,
  validation: 1000,
  test: 1000,
  hidden: 64,
  /** The factor by which the initial recurrent matrix stretches every vector. */
  gain: 1,
  clipper: "none" as ClipperName,
  /** The largest norm of dL/dh_t of an example inside back-propagation; 0 for no limit. */
  stateLimit: 0,
  norm: "none" as NormalizerName,
  batch: 50,
  epochs: 6,
  learningRate: 0.1,
  /** The limit of clippers whose paper names none. */
  clip: 1,
  logEvery: 20,
  validateEvery: 160,
  /** The number of validation images with which the gradient over time is measured. */
  flowExamples: 100,
};

export default study({
  name: "clipping",
  title: "Gradients that explode, and gradients that vanish",
  question:
    "What do clippers do, and what do normalizers, for a tanh RNN whose gradient grows at every step back in time, and for one whose gradient shrinks?",
  settings,
  tasks: { explodes: { gain: 2 }, vanishes: { gain: 0.5 } },
  variants: {
    none: {},
    "global norm": { clipper: "globalNorm" },
    value: { clipper: "value" },
    soft: { clipper: "soft" },
    "per parameter": { clipper: "perParameter" },
    "per layer": { clipper: "perLayer" },
    adaptive: { clipper: "adaptive" },
    "block RMS": { clipper: "blockRms" },
    AutoClip: { clipper: "autoClip" },
    ZClip: { clipper: "zClip" },
    "skip outlier": { clipper: "skipOutlier" },
    "skip non-finite": { clipper: "skipNonFinite" },
    normalized: { clipper: "normalizedGradients" },
    centralized: { clipper: "gradientCentralization" },
    "state gradient": { stateLimit: 1 },
    "layer norm": { norm: "layerNorm" },
    "RMS norm": { norm: "rmsNorm" },
    "batch norm": { norm: "batchNorm" },
    "group norm": { norm: "groupNorm" },
    "scale norm": { norm: "scaleNorm" },
    AdaNorm: { norm: "adaNorm" },
    DyT: { norm: "dyT" },
  },
  seeds: 8,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes: "Scaled down: one seed, with which no claim can be decided, 2,000 images and 3 epochs.",
      train: 2000,
      validation: 500,
      epochs: 3,
      validateEvery: 40,
    },
    full: {},
  },
  metrics: {
    validation: { ...classificationMetrics.validation, chance: 10 },
    accuracy: { ...classificationMetrics.accuracy, chance: 10 },
    loss: classificationMetrics.loss,
    gradientNorm: classificationMetrics.gradientNorm,
    startHorizon: {
      label: "Gradient horizon before training",
      unit: "steps",
      better: "higher",
      digits: 0,
      curve: false,
      tasks: ["vanishes"],
    },
  },
  claims,
  // The best rate depends on the size of the updates that a clipper leaves, so all variants get the same four to try.
  tune: {
    over: { learningRate: { choice: [0.01, 0.03, 0.1, 0.3] } },
    by: "grid",
    metric: "validation",
    optional: true,
  },
  stepLabel: "optimizer step",
  notes:
    "An RNN with tanh units reads a handwritten digit in 28 rows. Its recurrent matrix begins as an orthogonal matrix times 2, or times 0.5. The derivative of a state by the one before is this matrix times factors of at most 1, so with 0.5 the gradient must vanish, and only with more than 1 it can explode (Pascanu et al. 2013). Training is stochastic gradient descent without momentum, as there; Adam would divide much of the gradient’s size away. Clippers have the limits of their papers, or 1 if there is none. The accuracy is measured on 1,000 images of MNIST’s training set that are not trained on, and chance is 10 %. Every pixel has noise of up to 0.1, because the first rows of all images are blank, and normalizers divide by their deviation of 0. The gradient horizon is how many steps before the last one dL/dhₜ still has 1 % of its largest norm, at most 27. Before training, batch normalization is shown with the statistics that it begins with. The limit of dL/dhₜ in the variant state gradient holds for the mean loss of a batch in training, and for the loss of each image in the figures. A step in which a clipper finds nothing to clip is the same as without it, so several variants may have the same weights. Gain, rate and noise were chosen from a few runs of one seed that is not among these. The claims were finished after these runs.",
  data: async () => (await digits()).provenance.files,
  estimate: ({ epochs, train, norm }) => 2 + ((epochs * train) / 8000) * (norm === "none" ? 0.4 : 0.7),

  async trial(context) {
    const { size, noise, train, validation, test, hidden, gain, norm } = context.config;
    const { clipper, clip, stateLimit, learningRate, flowExamples } = context.config;
    const data = await noisyDigits({ size, noise, train, validation, test });
    const model = clippingModel({ size, hidden, gain, norm, stateLimit });
    const { inspect, measure } = gradientFlowOf(context, { model, ...firstRows(data.validation, flowExamples) });
    return classificationTrial(context, model, {
      data,
      optimizer: clippedDescent({ clipper, limit: clip, learningRate }),
      async inspect(weights, when, backend) {
        await inspect(weights, when, backend);
        if (when === "end of training") return;
        const { horizon = NaN } = await measure(weights, backend);
        context.metric({ step: 0, startHorizon: horizon });
      },
    });
  },
});
