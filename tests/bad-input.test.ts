import { globalNorm } from "@sluice/clip";
import * as clip from "@sluice/clip";
import * as cells from "@sluice/cells";
import * as data from "@sluice/data";
import * as formats from "@sluice/formats";
import * as fusion from "@sluice/fusion";
import * as inspect from "@sluice/inspect";
import * as irregular from "@sluice/irregular";
import * as norm from "@sluice/norm";
import * as params from "@sluice/params";
import * as t from "@sluice/tensor";
import * as train from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { expect, test } from "vitest";

type Call = readonly [call: (...args: never[]) => unknown, ...args: unknown[]];

const x = t.tensor([1, 2, 3, 4, 5, 6], [2, 3]);
const y = t.tensor([1, 2, 3, 4, 5, 6], [2, 3]);
const square = t.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3]);
const flags = t.tensor([1, 0, 1, 0, 1, 0], [2, 3], { dtype: "bool" });
const rows = t.tensor(new Int32Array([1, 0]));
const series = t.tensor(
  Float32Array.from({ length: 24 }, (_, n) => n / 24),
  [2, 4, 3],
);
const seed = t.key(1);
const records = [0, 1].map((time) => ({ id: "a", time, variable: "hr", value: time }));
const recordOptions = {
  time: { unit: "hours" },
  variables: ["hr"],
  statics: [],
  rows: ["a"],
  sameTime: "mean",
  missing: [""],
} as const;
const { observations } = irregular.fromRecords(records, recordOptions);

const timed = irregular.raggedBatch({ values: x, offsets: [0, 2], elapsed: t.tensor([0, 1], [2, 1]) });
const hiddenIn = (batch: irregular.RaggedBatch) => irregular.missingCompletelyAtRandom(batch, { rate: 0.5, key: seed });

const layer = cells.sequence(cells.gru({ input: 3, hidden: 4 }));
const small = layer.cell;
const smallParams = layer.init(seed);
// Without options, `fixedPoints` searches for long: in the smallest cell.
const smallest = cells.sequence(cells.rnn({ input: 1, hidden: 1 }));

const wav = new Uint8Array(46);
wav.set(new TextEncoder().encode("RIFF&\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0"));
wav.set([0x40, 0x1f, 0, 0], 24);
wav.set([0x80, 0x3e, 0, 0, 2, 0, 16, 0], 28);
wav.set([100, 97, 116, 97, 2, 0, 0, 0], 36);
const utterance = JSON.stringify({
  clip: "a",
  utterance: 1,
  transcript: "",
  positive: 1,
  text: new Array(100).fill(0),
  audio: new Array(73).fill(0),
  video: new Array(100).fill(0),
});

/** A valid call of each public function that takes values from a user. */
const calls: Readonly<Record<string, Call>> = {
  "tensor.tensor": [t.tensor, [1, 2], [2], { dtype: "f32" }],
  "tensor.scalar": [t.scalar, 1, "f32"],
  "tensor.full": [t.full, [2], 1, "f32"],
  "tensor.zerosLike": [t.zerosLike, x],
  "tensor.valuesOf": [t.valuesOf, x],
  "tensor.item": [t.item, t.scalar(1)],
  "tensor.add": [t.add, x, y],
  "tensor.max": [t.max, x, y],
  "tensor.neg": [t.neg, x],
  "tensor.sqrt": [t.sqrt, x],
  "tensor.exp": [t.exp, x],
  "tensor.tanh": [t.tanh, x],
  "tensor.and": [t.and, flags, flags],
  "tensor.less": [t.less, x, y],
  "tensor.select": [t.select, flags, x, y],
  "tensor.convert": [t.convert, x, "i32"],
  "tensor.matmul": [t.matmul, x, square],
  "tensor.sum": [t.sum, x, 0, { keep: true }],
  "tensor.mean": [t.mean, x, 0, { keep: true }],
  "tensor.reduceMax": [t.reduceMax, x, 0, { keep: true }],
  "tensor.concat": [t.concat, [x, y], 0],
  "tensor.stack": [t.stack, [x, y], 0],
  "tensor.split": [t.split, x, 3, 1],
  "tensor.reshape": [t.reshape, x, [3, 2]],
  "tensor.transpose": [t.transpose, x, [1, 0]],
  "tensor.sliceAxis": [t.sliceAxis, x, 1, 0, 2],
  "tensor.slice": [t.slice, x, [0, 0], [1, 2]],
  "tensor.pad": [t.pad, x, [1, 0], [0, 0]],
  "tensor.broadcastTo": [t.broadcastTo, x, [2, 2, 3]],
  "tensor.gather": [t.gather, x, rows],
  "tensor.iota": [t.iota, [2, 3], { axis: 0, dtype: "f32" }],
  "tensor.cumulativeSum": [t.cumulativeSum, x, 0, { reverse: true }],
  "tensor.softmax": [t.softmax, x],
  "tensor.oneHot": [t.oneHot, rows, 3],
  "tensor.argmax": [t.argmax, x, 0],
  "tensor.variance": [t.variance, x, 0],
  "tensor.key": [t.key, 1],
  "tensor.normal": [t.normal, seed, [2], { deviation: 2 }],
  "tensor.uniform": [t.uniform, seed, [2]],
  "tensor.bernoulli": [t.bernoulli, seed, [2], 0.5],
  "tensor.compile": [t.compile, (p: t.Tensor) => t.neg(p), [x], { backend: t.reference() }],
  "tensor.grad": [t.grad, (p: t.Tensor) => t.sum(p)],
  "tensor.recordProgram": [t.recordProgram, (p: t.Tensor) => t.neg(p), [x]],
  "tensor.leavesOf": [t.leavesOf, { a: x }],
  "tensor.mapTree": [t.mapTree, { a: x }, (leaf: t.Tensor) => leaf],
  "cells.gru": [cells.gru, { input: 3, hidden: 4 }],
  "cells.lstm": [cells.lstm, { input: 3, hidden: 4, norm: norm.layerNorm() }],
  "cells.sequence": [cells.sequence, cells.gru({ input: 3, hidden: 4 }), { outputs: "last" }],
  "cells.sequential": [cells.sequential, [cells.dense({ input: 3, output: 2 })]],
  "cells.bidirectional": [cells.bidirectional, cells.gru({ input: 3, hidden: 4 }), { merge: "concat" }],
  "cells.dense": [cells.dense, { input: 3, output: 2 }],
  "cells.attention": [cells.attention, { input: 4, output: 4, heads: 2, window: 3, dropout: 0.1, bias: false }],
  "cells.conv1d": [cells.conv1d, { input: 3, output: 2, kernelSize: 3, dilation: 2, depthwise: false }],
  "cells.time2Vec": [cells.time2Vec, { features: 3 }],
  "cells.sinusoidalTime": [cells.sinusoidalTime, { features: 3, base: 10, scale: 2 }],
  "cells.timeDecay": [cells.timeDecay, { input: 2, features: 3 }],
  "cells.withTimeFeatures": [
    cells.withTimeFeatures,
    { input: 3, features: cells.timeDecay({ features: 2 }), reads: "elapsed" },
  ],
  "cells.timeAttention": [
    cells.timeAttention,
    { input: 3, output: 2, reference: [0, 1], features: cells.time2Vec({ features: 4 }), heads: 2, maskChannels: true },
  ],
  "cells.multiTimeAttention": [
    cells.multiTimeAttention,
    { queries: series, keys: series, values: series, mask: t.full([2, 4, 3], 1, "bool") },
    { heads: 3 },
  ],
  "cells.attentionWeights": [cells.attentionWeights, x, y, t.full([2, 2], 1, "bool"), { scale: 1 }],
  "cells.splitHeads": [cells.splitHeads, series, 1],
  "cells.joinHeads": [cells.joinHeads, t.reshape(series, [1, ...series.shape])],
  "cells.dropout": [cells.dropout, x, 0.1, seed],
  "cells.zoneout": [cells.zoneout, cells.gru({ input: 3, hidden: 4 }), { h: 0.1 }],
  "cells.variationalDropout": [cells.variationalDropout, cells.gru({ input: 3, hidden: 4 }), { input: 0.1 }],
  "params.parameter": [params.parameter, [3, 3], params.orthogonal],
  "params.kernel": [params.kernel, [3, 3]],
  "params.randomNormal": [params.randomNormal, 0.1],
  "params.maxNorm": [(limit: never, options: object) => params.maxNorm(limit, options)(x), 2, { axes: [0] }],
  "params.initialize": [params.initialize, cells.dense({ input: 3, output: 2 }).params, seed],
  "cells.apply": [
    (params: never, v: t.Tensor, options: object) => layer.apply(params, v, options),
    cells.sequence(cells.gru({ input: 3, hidden: 4 })).init(seed),
    series,
    {
      lengths: rows,
      mask: t.full([2, 4], 1, "bool"),
      present: t.full([2], 1, "bool"),
      resets: t.full([2, 4], 0, "bool"),
    },
  ],
  "norm.layerNorm": [norm.layerNorm, { epsilon: 1e-5 }],
  "norm.rmsNorm": [norm.rmsNorm, { epsilon: 1e-5 }],
  "norm.groupNorm": [norm.groupNorm, { groups: 2, epsilon: 1e-5 }],
  "norm.scaleNorm": [norm.scaleNorm, { epsilon: 1e-5 }],
  "norm.adaNorm": [norm.adaNorm, { scale: 1, k: 0.1 }],
  "norm.revIn": [norm.revIn, { epsilon: 1e-5, affine: true }],
  "norm.normStabilizer": [norm.normStabilizer, series, { beta: 1, lengths: [4, 2] }],
  "cells.reversible": [cells.reversible, cells.dense({ input: 3, output: 3 }), norm.revIn(), { targets: [0] }],
  "cells.gradientPreservation": [
    (v: t.Tensor, options: never) => cells.gradientPreservation(layer, layer.init(seed), v, options),
    series,
    { loss: (output: t.Tensor) => t.sum(output), lengths: [4, 2] },
  ],
  "train.differentiallyPrivate": [train.differentiallyPrivate, { limit: 1, noise: 1, examples: 8 }],
  "norm.dyT": [norm.dyT, { initialAlpha: 0.5 }],
  "clip.globalNorm": [clip.globalNorm, 1, { norm: 2 }],
  "clip.value": [clip.value, 1],
  "clip.adaptive": [clip.adaptive, 0.01, { epsilon: 1e-3 }],
  "clip.perParameter": [clip.perParameter, 1],
  "clip.perLayer": [clip.perLayer, 1, { layerOf: (path: string) => path }],
  "clip.blockRms": [clip.blockRms, 1],
  "clip.soft": [clip.soft, 1],
  "clip.autoClip": [clip.autoClip, { percentile: 10, window: 5 }],
  "clip.zClip": [clip.zClip, { threshold: 2.5, decay: 0.97, warmup: 25, epsilon: 1e-6 }],
  "clip.skipOutlier": [clip.skipOutlier, { threshold: 4, decay: 0.995, warmup: 100, smallest: 0.01 }],
  "clip.gradientCentralization": [clip.gradientCentralization, { of: () => true }],
  "clip.normalizedGradients": [clip.normalizedGradients, { over: "all", epsilon: 1e-6 }],
  "clip.chain": [clip.chain, globalNorm(1), clip.value(1)],
  "fusion.concatenation": [fusion.concatenation, { inputs: { a: 3, b: 2 } }],
  "fusion.gmu": [fusion.gmu, { inputs: { a: 3, b: 2 }, output: 4 }],
  "fusion.lmf": [fusion.lmf, { inputs: { a: 3, b: 2 }, output: 4, rank: 2 }],
  "fusion.crossAttention": [fusion.crossAttention, { inputs: { a: 3, b: 2 }, query: "a", output: 4, heads: 2 }],
  "fusion.crossAttentionBlock": [
    fusion.crossAttentionBlock,
    { inputs: { a: 4, b: 4 }, query: "a", heads: 2, layers: 2, dropout: 0.1, reluDropout: 0.1, residualDropout: 0.1 },
  ],
  "fusion.bottleneckAttention": [fusion.bottleneckAttention, { inputs: { a: 4, b: 4 }, heads: 2, layers: 2 }],
  "fusion.memoryFusion": [fusion.memoryFusion, { inputs: { a: 3, b: 2 }, hidden: 2, memory: 2, units: 2 }],
  "fusion.modalityHeads": [
    fusion.modalityHeads,
    fusion.concatenation({ inputs: { a: 3 } }),
    { a: cells.dense({ input: 3, output: 1 }) },
  ],
  "fusion.permuteModality": [fusion.permuteModality, { a: x }, "a", [1, 0]],
  "fusion.noisyModality": [fusion.noisyModality, { a: x }, "a", { deviation: 1, key: seed }],
  "fusion.dropFromModality": [fusion.dropFromModality, { a: x }, "a", { rate: 0.5, key: seed }],
  "fusion.relativeRobustness": [fusion.relativeRobustness, [0, 1], [1, 0]],
  "fusion.effectiveRobustness": [fusion.effectiveRobustness, [1, 0], [1, 0]],
  "fusion.blendingWeights": [
    fusion.blendingWeights,
    { a: { training: [1, 0.2], validation: [1, 0.5] } },
    { from: 0, to: 1 },
  ],
  "fusion.defineFusion": [
    fusion.defineFusion,
    {
      name: "mine",
      inputs: { a: 3 },
      features: 3,
      params: {},
      fuse: (_: object, { a }: { readonly a: { readonly x: t.Tensor } }) => ({ output: a.x }),
    },
  ],
  "fusion.multimodal": [
    fusion.multimodal,
    { encoders: {}, fusion: fusion.concatenation({ inputs: { a: 3 } }), readout: cells.dense({ input: 3, output: 1 }) },
  ],
  "fusion.pool": [fusion.pool, series, { by: "mean" }],
  "irregular.fromPadded": [irregular.fromPadded, { x: series, lengths: t.tensor(new Int32Array([4, 2])) }],
  "irregular.raggedBatch": [irregular.raggedBatch, { values: x, offsets: [0, 2] }],
  "irregular.forwardFill": [irregular.forwardFill, x, flags],
  "irregular.timeSinceObserved": [irregular.timeSinceObserved, t.tensor([1, 2], [2]), flags],
  "irregular.timeUntilObserved": [
    irregular.timeUntilObserved,
    t.full([2, 4, 3], 1, "bool"),
    t.full([2, 4, 1], 1),
    { lengths: rows },
  ],
  "irregular.linearPath": [irregular.linearPath, timed],
  "irregular.rectilinearPath": [irregular.rectilinearPath, timed, { initial: [0, 0, 0] }],
  "irregular.naturalCubicPath": [irregular.naturalCubicPath, timed],
  "irregular.hermitePath": [irregular.hermitePath, timed],
  "irregular.brits": [irregular.brits, { variables: 2, hidden: 3, classes: 2, combination: "linear" }],
  "irregular.mRnn": [irregular.mRnn, { variables: 2, hidden: 3, shared: true, leaveOut: false, readout: "matrix" }],
  "irregular.imputationExamples": [irregular.imputationExamples, timed, hiddenIn(timed)],
  "irregular.forecastExamples": [irregular.forecastExamples, timed, { history: 1, horizon: 1, stride: 1 }],
  "irregular.nextEventExamples": [
    irregular.nextEventExamples,
    irregular.raggedBatch({ values: t.tensor([0, 1], [2, 1]), offsets: [0, 2], elapsed: t.tensor([0, 1], [2, 1]) }),
    { marks: 2 },
  ],
  "irregular.fromRecords": [irregular.fromRecords, records, recordOptions],
  "irregular.fromCsv": [
    irregular.fromCsv,
    "id,time,hr\na,0,1\n",
    { ...recordOptions, layout: "wide", columns: { id: "id" }, unitsInHeader: true, delimiter: "," },
  ],
  "irregular.fromJsonLines": [
    irregular.fromJsonLines,
    `{"id":"a","time":0,"hr":1}`,
    { ...recordOptions, layout: "wide" },
  ],
  "irregular.takeRows": [irregular.takeRows, observations, [0]],
  "irregular.elapsedByVariable": [irregular.elapsedByVariable, observations],
  "irregular.applyScaler": [irregular.applyScaler, irregular.fitScaler(observations), observations],
  "irregular.applyImputer": [
    irregular.applyImputer,
    irregular.fitImputer(observations, { imputation: "mean" }),
    observations,
  ],
  "irregular.alignClocks": [
    irregular.alignClocks,
    { ward: observations },
    { clock: "ward", rule: { by: "nearest", tolerance: 1 } },
  ],
  "irregular.eventTime": [irregular.eventTime, observations, { dtype: "f64" }],
  "irregular.gridded": [irregular.gridded, observations, { width: 1, from: 0, to: 2 }],
  "irregular.windowed": [irregular.windowed, observations, { length: 1, stride: 1 }],
  "irregular.fitScaler": [irregular.fitScaler, observations, { scaling: "min-max" }],
  "irregular.fitImputer": [irregular.fitImputer, observations, { imputation: "mean" }],
  "cells.gruD": [cells.gruD, { input: 3, hidden: 4 }],
  "inspect.gradientFlow": [inspect.gradientFlow, cells.sequence(cells.gru({ input: 3, hidden: 4 })), {}],
  "inspect.stepNorms": [inspect.stepNorms, series],
  "inspect.timeScales": [inspect.timeScales, series, { lengths: [2, 1] }],
  "inspect.stateParts": [inspect.stateParts, small],
  "inspect.stateTrajectory": [inspect.stateTrajectory, small, smallParams, series, { lengths: [2, 1], extra: {} }],
  "inspect.stateJacobians": [inspect.stateJacobians, small, smallParams, series, { lengths: [2, 1], buffers: {} }],
  "inspect.jacobianProducts": [inspect.jacobianProducts, t.tensor([1, 2, 3, 4], [1, 1, 2, 2]), 1],
  "inspect.singularValues": [inspect.singularValues, x],
  "inspect.eigenvalues": [inspect.eigenvalues, t.tensor([1, 2, 3, 4], [2, 2])],
  "inspect.lyapunovSpectrum": [
    inspect.lyapunovSpectrum,
    small,
    smallParams,
    series,
    { exponents: 2, every: 1, warmUp: 0, key: seed, lengths: [2, 1], extra: {}, buffers: {} },
  ],
  "inspect.inputSensitivity": [inspect.inputSensitivity, small, smallParams, series, { lengths: [2, 1] }],
  "inspect.memoryCurve": [inspect.memoryCurve, x],
  "inspect.autocorrelation": [inspect.autocorrelation, series, { lags: 1, window: 5, lengths: [2, 1] }],
  "inspect.fixedPoints": [
    inspect.fixedPoints,
    smallest.cell,
    smallest.init(seed),
    t.tensor([1], [1, 1]),
    { candidates: 1, iterations: 1, noise: 0, key: seed, input: t.tensor([1]), extra: {}, buffers: {} },
  ],
  "train.adam": [train.adam, { learningRate: 0.1 }],
  "train.sgd": [train.sgd, { learningRate: 0.1, momentum: 0.9 }],
  "train.rmsprop": [train.rmsprop, { learningRate: 0.1 }],
  "train.adagrad": [train.adagrad, { learningRate: 0.1 }],
  "train.adadelta": [train.adadelta, { rho: 0.9 }],
  "train.adamax": [train.adamax, { learningRate: 0.1 }],
  "train.nadam": [train.nadam, { learningRate: 0.1 }],
  "train.radam": [train.radam, { learningRate: 0.1 }],
  "train.lion": [train.lion, { learningRate: 0.1 }],
  "train.adafactor": [train.adafactor, { clip: 1 }],
  "train.lookahead": [train.lookahead, globalNorm(1), { every: 5 }],
  "train.ema": [train.ema, { decay: 0.9 }],
  "train.swa": [train.swa, { start: 2 }],
  "train.gradientNoise": [train.gradientNoise, { deviation: 0.1, decay: 0.55 }],
  "train.perExample": [train.perExample, globalNorm(1), { divideBy: 8 }],
  "train.descend": [train.descend, 0.1],
  "train.cosine": [train.cosine, { start: 1, end: 0, steps: 10 }],
  "train.cosineRestarts": [train.cosineRestarts, { start: 1, steps: 10 }],
  "train.oneCycle": [train.oneCycle, { peak: 1, steps: 10 }],
  "train.polynomialDecay": [train.polynomialDecay, { start: 1, steps: 10, power: 2 }],
  "train.mae": [train.mae, x, x],
  "train.huber": [train.huber, x, x, { delta: 2 }],
  "train.gaussianNll": [train.gaussianNll, { mean: x, variance: x }, x],
  "train.poissonNll": [train.poissonNll, x, x],
  "train.focal": [train.focal, x, x],
  "train.mse": [train.mse, x, y],
  "train.crossEntropy": [train.crossEntropy, x, rows],
  "train.binaryCrossEntropy": [train.binaryCrossEntropy, x, x],
  "train.accuracy": [train.accuracy, x, rows],
  "train.ctc": [train.ctc, series, t.tensor(new Int32Array([1, 2]), [2, 1]), { lengths: rows, blank: 0 }],
  "train.parameterGroups": [train.parameterGroups, { rest: { transform: globalNorm(1) } }],
  "train.reduceOnPlateau": [train.reduceOnPlateau, { patience: 2, every: 3 }],
  "train.evaluateMetric": [
    (prediction: t.Tensor, target: t.Tensor, options: object) =>
      train.evaluateMetric(train.auroc(), prediction, target, options),
    t.tensor([1, 2]),
    rows,
    { mask: t.tensor([1, 1]) },
  ],
  "train.auroc": [train.auroc, { average: "macro" }],
  "train.f1": [train.f1, { average: "macro", threshold: 0.4 }],
  "train.topKAccuracy": [train.topKAccuracy, { k: 2 }],
  "train.calibrationError": [train.calibrationError, { bins: 10, over: "max" }],
  "train.perplexity": [train.perplexity, { ignoreIndex: 0 }],
  "train.ensembleCrps": [train.ensembleCrps, { fair: true }],
  "train.quantileCrps": [train.quantileCrps, { quantiles: [0.5] }],
  "train.batches": [train.batches, { x, y: rows }, { size: 1, key: seed }],
  "train.permutation": [train.permutation, seed, 5],
  "formats.readSafetensors": [formats.readSafetensors, new Uint8Array(9)],
  "formats.writeSafetensors": [formats.writeSafetensors, { x }],
  "formats.weightsHash": [formats.weightsHash, { x }],
  "train.trainStep": [
    train.trainStep,
    {
      params: { w: x },
      loss: ({ w }: { w: t.Tensor }) => ({ loss: t.sum(w) }),
      optimizer: train.adam({ learningRate: 0.1 }),
      key: seed,
    },
  ],
  "data.adding": [data.adding, { length: 5, train: 2, validation: 1, test: 1 }],
  "data.copying": [data.copying, { length: 5, train: 2, validation: 1, test: 1 }],
  "data.delayedCopy": [data.delayedCopy, { delay: 1, time: 3, symbols: 2, train: 2, validation: 1, test: 1 }],
  "data.flipFlop": [data.flipFlop, { bits: 1, time: 3, pulses: 0.5, train: 2, validation: 1, test: 1 }],
  "data.parity": [data.parity, { time: 3, shortest: 2, train: 2, validation: 1, test: 1 }],
  "data.bitStreamXor": [data.bitStreamXor, { train: 2, validation: 1, test: 1 }],
  "data.parseIdx": [data.parseIdx, new Uint8Array([0, 0, 8, 1, 0, 0, 0, 0]), { set: "a", file: "a", obtain: "there" }],
  "data.parseMosi": [data.parseMosi, utterance, { set: "a", file: "a.jsonl", obtain: "there" }],
  "data.parsePianoRolls": [
    data.parsePianoRolls,
    '{"train":[],"valid":[],"test":[]}',
    { set: "a", file: "a.json", obtain: "there" },
  ],
  "data.parseWav": [data.parseWav, wav, { set: "a", file: "a.wav", obtain: "there" }],
  "data.parseUea": [
    data.parseUea,
    "@problemName A\n@classLabel true a b\n@data\n1,2:a\n",
    { set: "a", file: "a.ts", obtain: "there" },
  ],
  "data.ueaExamples": [
    data.ueaExamples,
    { problem: "A", classes: ["a"], series: [{ channels: [new Float64Array(2)], label: 0 }] },
    { time: 2 },
  ],
  "data.splitByGroup": [data.splitByGroup, ["a", "b", "c"], { validation: 0.1, test: 0.1, key: seed }],
  "data.stratifiedSplit": [data.stratifiedSplit, [0, 0, 0, 1, 1, 1], { validation: 0.3, test: 0.3, key: seed }],
  "data.splitByTime": [data.splitByTime, [1, 2, 3], { validation: 0.1, test: 0.1 }],
  "data.balancedClassWeights": [data.balancedClassWeights, [0, 1, 1], 2],
  "wasm.wasm": [wasm, { threads: 1 }],
};

const bad: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  "a fraction": 0.5,
  "a negative number": -3,
  NaN: Number.NaN,
  "a word": "float32",
  "an object": {},
  "a list": [],
  "a list of numbers": [1, 2, 3],
  "a typed array": new Float32Array(3),
  "a function": () => 1,
  "a promise": Promise.resolve(1),
  "a bare tensor": t.scalar(1),
  true: true,
};

const bare = ["TypeError", "RangeError", "ReferenceError", "SyntaxError"];

test.each(Object.keys(calls))("%s rejects what it cannot use with an error of its own", async (name) => {
  const [call, ...args] = calls[name]!;
  const found: string[] = [];
  const attempt = async (what: string, given: unknown[]): Promise<void> => {
    try {
      await Reflect.apply(call, undefined, given);
    } catch (error) {
      if (!(error instanceof Error) || bare.includes(error.name))
        found.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await attempt("as it is", args);
  expect(found).toEqual([]);
  for (const [index, arg] of args.entries()) {
    for (const [kind, value] of Object.entries(bad)) {
      await attempt(`argument ${index + 1} is ${kind}`, args.with(index, value));
      if (typeof arg !== "object" || arg === null || t.isTensor(arg) || Array.isArray(arg) || ArrayBuffer.isView(arg))
        continue;
      for (const key of Object.keys(arg))
        await attempt(`argument ${index + 1}.${key} is ${kind}`, args.with(index, { ...arg, [key]: value }));
    }
  }
  expect(found).toEqual([]);
});

const weights = { w: t.scalar(1) };
const right = {
  params: weights,
  loss: ({ w }: { w: t.Tensor }) => ({ loss: t.square(w) }),
  optimizer: train.adam({ learningRate: 0.1 }),
  key: seed,
  batch: {},
};

test.each<[string, object, string]>([
  [
    "a loss that returns a bare tensor",
    { loss: ({ w }: { w: t.Tensor }) => t.square(w) },
    "trainStep: the loss returned a tensor [], expected an object with the scalar tensor loss: return { loss }",
  ],
  [
    "a loss that is async",
    { loss: async () => ({ loss: t.scalar(1) }) },
    "trainStep: the loss returned a promise; await it, expected an object with the scalar tensor loss: a loss is recorded as a program, so it cannot be async",
  ],
  [
    "a loss of a number",
    { loss: () => ({ loss: 1 }) },
    "trainStep: the loss is 1, expected a tensor; make one: scalar(1)",
  ],
  [
    "an optimizer that was not called",
    { optimizer: train.adam },
    "trainStep: optimizer is the function adam, expected the result of adam({ learningRate: 1e-3 }): call it",
  ],
  [
    "a clipper that was not called",
    { optimizer: globalNorm },
    "trainStep: optimizer is the function globalNorm, expected the result of adam({ learningRate: 1e-3 }): call it",
  ],
  [
    "a backend that was not awaited",
    { backend: Promise.resolve(wasm()) },
    "the backend is a promise; await it, expected one such as wasm() or await gpu()",
  ],
])("the trainer names %s", async (_, wrong, message) => {
  await expect((async () => Reflect.apply(train.trainer, undefined, [{ ...right, ...wrong }]))()).rejects.toThrow(
    message,
  );
});

test("a rate where options belong is named", () => {
  expect(() => Reflect.apply(train.adam, undefined, [0.1])).toThrow(
    "adam: expected an object of options, such as { learningRate }, got 0.1",
  );
});
