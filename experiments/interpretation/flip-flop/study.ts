import { chain, globalNorm } from "@sluice/clip";
import { flipFlop } from "@sluice/data";
import { study, type Metric } from "@sluice/study";
import { key, keyFor, type Backend } from "@sluice/tensor";
import { adam, cosine, mse } from "@sluice/train";
import { firstRows, predict, trainingMetrics, trainingTrial } from "@sluice/trials";
import { percentHeld, percentOfBits } from "./bits.ts";
import { claims } from "./claims.ts";
import { recordPoints } from "./figures.ts";
import { flipFlopModel, type CellName, type Weights } from "./model.ts";
import { percentAgreed, searchTwice, structureOf } from "./points.ts";
import { initialWeights, similarityOf, trainOther } from "./similarity.ts";

const settings = {
  bits: 3,
  /** Pulses are rare, so that bits have to be held for long. */
  time: 40,
  pulses: 0.2,
  train: 2048,
  validation: 256,
  test: 512,
  cell: "gru" as CellName,
  hidden: 24,
  batch: 64,
  epochs: 48,
  /** The first rate. It falls to a twentieth, along a cosine. */
  learningRate: 0.02,
  clip: 1,
  /** The first rate of the GRU of another seed with which every network is compared. */
  rateOfOther: 0.02,
  /** From how many visited states fixed points are searched, with what noise, in how many iterations. */
  candidates: 256,
  noise: 0.2,
  iterations: 800,
  /** Steps without a pulse after which the bits are asked for. */
  silence: 1000,
  /** Test sequences on which states are looked at. */
  looked: 64,
  logEvery: 16,
  validateEvery: 32,
};

const described = (label: string, more: Partial<Metric> = {}): Metric => ({
  label,
  better: "neither",
  curve: false,
  ...more,
});
const percent = (label: string, more: Partial<Metric> = {}): Metric =>
  described(label, { unit: "%", better: "higher", digits: 1, ...more });

export default study({
  name: "flip-flop",
  title: "The fixed points of networks that hold bits",
  question:
    "A network must hold the sign of the latest pulse of each of several bits. Do an RNN, a UGRNN, a GRU, an MGU and an LSTM learn the same fixed points, one stable point for each answer and saddles between them? And are their states alike too?",
  settings,
  tasks: { "two bits": { bits: 2 }, "three bits": {} },
  variants: {
    RNN: { cell: "rnn" },
    UGRNN: { cell: "ugrnn" },
    GRU: { cell: "gru" },
    MGU: { cell: "mgu" },
    LSTM: { cell: "lstm" },
  },
  seeds: 10,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes: "Scaled down: two bits and three bits with one seed, 16 units, and a short training. No claim is decided.",
      hidden: 16,
      epochs: 24,
      candidates: 128,
      perTask: { "two bits": { epochs: 10 } },
    },
    full: { perTask: { "two bits": { epochs: 16 } } },
  },
  metrics: {
    // Without memory, a bit is known at the first step and where there is a pulse; of the others half are guessed.
    bitsRight: percent("Held-out bits right", { split: "test", chance: 61 }),
    held: percent("Held-out bits right after 1,000 silent steps", { split: "test", chance: 50 }),
    oneEach: percent("Networks with one stable point per answer", { digits: 0 }),
    edges: percent("Networks with the saddles of a cube’s edges", { digits: 0 }),
    cube: percent("Networks with all points of a cube", { digits: 0 }),
    stable: described("Stable points", { digits: 1 }),
    saddles: described("Saddles of index 1", { digits: 1 }),
    slow: described("Slow points", { digits: 1 }),
    residual: described("Largest residual", { log: true }),
    agreed: percent("Points that both searches find"),
    cka: described("CKA with a GRU of another seed", { better: "higher", digits: 3 }),
    ckaBefore: described("The same before training", { digits: 3 }),
    procrustes: described("Procrustes distance from it", { better: "lower", digits: 3 }),
    ...trainingMetrics,
    // Errors are far below 0.001.
    validationLoss: { ...trainingMetrics.validationLoss, digits: 5, log: true },
    testLoss: { ...trainingMetrics.testLoss, digits: 5 },
    loss: { ...trainingMetrics.loss, digits: 5, log: true },
  },
  claims,
  tune: {
    over: { learningRate: { choice: [5e-3, 1e-2, 2e-2, 4e-2] } },
    by: "grid",
    metric: "validationLoss",
    optional: true,
  },
  stepLabel: "optimizer step",
  notes:
    "The task is that of Sussillo and Barak (2013) in the form of Golub and Sussillo (2018). Bits that do not act on each other have the fixed points of a cube: stable ones at its corners, saddles of index 1 on its edges. Every cell has as many units, so GRU and LSTM have more weights. Points are searched without input, from states that test sequences visit and from midpoints of two of them, with noise; the search runs twice with other draws, and the counts are of the points of both. Those of an LSTM are of h and c together. The states h of a network are compared, on the same sequences, with those of a GRU that is trained with another seed: for the variant GRU that is the similarity of two seeds. Each seed has one such GRU for all variants. Each trial keeps a figure of its points, fixed-points.svg. The claims were written after a look at a few networks with other seeds, which had the points of a cube.",
  estimate: ({ cell, bits, epochs, hidden, candidates, iterations }) =>
    2 +
    epochs * hidden * 0.003 +
    candidates * iterations * bits * hidden * { rnn: 1, ugrnn: 2, gru: 3, mgu: 2, lstm: 6 }[cell] * 1e-7,

  async trial(context) {
    const { config, seed, signal } = context;
    const { bits, time, pulses, train, validation, test, cell, hidden, silence, looked } = config;
    const data = flipFlop({ bits, time, pulses, train, validation, test });
    const network = flipFlopModel({ cell, hidden, bits });
    const steps = config.epochs * Math.ceil(train / config.batch);
    const optimizer = (start: number) =>
      chain(globalNorm(config.clip), adam({ learningRate: cosine({ start, end: start / 20, steps }) }));

    /** What the trained weights do on test sequences. */
    async function lookAt(weights: Weights, backend: Backend) {
      const sequences = firstRows(data.test, looked);
      const found = await searchTwice(network, weights, sequences.x, {
        ...config,
        key: keyFor(key(seed), "search"),
        backend,
      });
      await recordPoints(context, found, bits);
      const otherSeed = (seed + 1) >>> 0;
      const others = flipFlopModel({ cell: "gru", hidden, bits });
      const other = await trainOther(others, data, {
        ...{ size: config.batch, epochs: config.epochs, optimizer: optimizer(config.rateOfOther) },
        ...{ seed: otherSeed, signal, backend },
      });
      const untrained = [
        { network, weights: initialWeights(network, seed) },
        { network: others, weights: initialWeights(others, otherSeed) },
      ] as const;
      return {
        bitsRight: percentOfBits(await predict(network.model, weights, data.test, { backend }), data.test.y),
        held: await percentHeld(network, weights, data.test, { silence, backend }),
        ...structureOf(found, network, weights, bits),
        agreed: percentAgreed(found.searches),
        ...similarityOf({ network, weights }, other, sequences),
        ckaBefore: similarityOf(...untrained, sequences).cka,
      };
    }

    let looks: { readonly [metric: string]: number | null } = {};
    const { metrics, ...outcome } = await trainingTrial(context, network.model, {
      data,
      loss: mse,
      optimizer: optimizer(config.learningRate),
      async inspect({ params }, when, backend) {
        if (when === "end of training" && !context.tuning) looks = await lookAt(params, backend);
      },
    });
    return { ...outcome, metrics: { ...metrics, ...looks } };
  },
});
