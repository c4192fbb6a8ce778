import { dense, type Layer } from "@sluice/cells";
import type { Dataset } from "@sluice/data";
import { modalityDropout, multimodal, type Fusion } from "@sluice/fusion";
import { study, type Metric, type Study, type TrialContext, type TrialOutcome } from "@sluice/study";
import { TensorError, type Backend, type Tree } from "@sluice/tensor";
import { checkOptions, hasMembers, shown } from "@sluice/tensor/internal";
import { accuracyScore, crossEntropy, mse, rootMeanSquaredError } from "@sluice/train";
import { evaluateModel, type Model, type TrainingSettings } from "@sluice/trials";
import { firstIsBetter } from "../claims.ts";
import { checkedData, dataOf, splitsOf, type DataOf } from "../data.ts";
import { rowCount, withTensors, type Supervised } from "../examples.ts";
import { keeping, kinds, kindOf, outputsOf, type TaskKind } from "../kinds.ts";
import { jobAliases, jobOptions, settingsFrom, studyPart, trainingContext, type JobOptions } from "../settings.ts";
import { spendingOf, type JobTune, type Tunable } from "../tune.ts";
import { modelOfParts, partsOf, subsetsOf, withOnly, type ModalityParts, type PartsOf } from "./parts.ts";

/** The settings of {@link multimodalStudy}. */
export type MultimodalSettings = TrainingSettings & {
  readonly patience: number;
  /** The name of the fusion. */
  readonly fusion: string;
  /** The probability that a training example loses a modality: one for all, or by name. */
  readonly dropout: number | { readonly [modality: string]: number };
};

/** The kinds of tasks of {@link multimodalStudy}. */
export type MultimodalKind = Extract<TaskKind, "classification" | "labelling" | "regression">;

/** Options of {@link multimodalStudy}. */
export interface MultimodalStudyOptions extends Omit<JobOptions<MultimodalSettings>, "hidden" | "dropout" | "tune"> {
  /** The data set, or a function that makes it, whose examples have a part for each modality, and the target `y`. */
  readonly data: Dataset | DataOf;
  /** What the target is. Default: what fits it. Required if a function makes the data. */
  readonly kind?: MultimodalKind;
  /** Layers by modality, as for `multimodal`. A modality without one is passed to the fusion unchanged. */
  readonly encoders: Readonly<Record<string, Layer>>;
  /** The fusions by name, such as `{ gmu: gmu({ inputs, output }) }`. The claims are about the first one. */
  readonly fusions: Readonly<Record<string, Fusion>>;
  /** Which parts of the examples the modalities are. Default: the parts of their names. */
  readonly modalities?: Readonly<Record<string, ModalityParts>>;
  /**
   * What may be missing: the probability that a training example loses a modality, for all or by name (those not named
   * are never dropped). A row keeps at least one. Default 0: only what is missing in the data.
   */
  readonly dropout?: number | Readonly<Record<string, number>>;
  /** Tunes settings of every fusion, as `compare` does of cells; `dropout` only if it is one for all modalities. */
  readonly tune?: JobTune<(typeof tunable)[number]>;
}

const tunable = ["learningRate", "clip", "dropout", "batch", "epochs"] as const satisfies readonly Tunable[];

/** How many modalities there may be. */
const most = 6;

/**
 * A study of several modalities, of which any may be missing: encoders, a fusion and a linear readout, trained on the
 * modalities that each example has, and tested on every subset of them. With n modalities a trial reports 2^n - 1 scores
 * beside the metrics of its kind of task: the accuracy in per cent, or the RMSE, as if every test example had only these
 * modalities. The variants are fusions; the claims are that the first one is better than each other one.
 *
 *     export default multimodalStudy({
 *       name: "reviews",
 *       data: ({ dataFolder }) => mosi({ folder: dataFolder }),
 *       kind: "labelling",
 *       encoders: { text: sequence(gru({ input: 100, hidden: 16 })), ... },
 *       fusions: { gmu: gmu({ inputs, output: 16 }), concatenation: concatenation({ inputs }) },
 *       dropout: 0.3,
 *     });
 *
 * Throws an error that names the option that is wrong.
 */
export function multimodalStudy(options: MultimodalStudyOptions): Study<MultimodalSettings> {
  const job = checked(options);
  const { fusions, kind, names, dropout } = job;
  const variants = [...fusions.keys()];
  const [first = ""] = variants;
  const { dropout: _modalities, ...training } = options;
  const { hidden: _, dropout: _layers, ...common } = settingsFrom("multimodalStudy", training);
  const { headline, metrics } = kinds[kind];
  const others = variants.length > 1 ? `, and is ${first} better than ${variants.slice(1).join(", ")}` : "";
  return study<MultimodalSettings>({
    question: `What does each subset of ${names.join(", ")} predict${others}?`,
    ...studyPart(training),
    ...spendingOf("multimodalStudy", options, {
      tunable: typeof dropout === "number" ? tunable : tunable.filter((name) => name !== "dropout"),
      metric: kinds[kind].validation,
      epochs: common.epochs,
    }),
    settings: { ...common, fusion: first, dropout },
    tasks: { [job.task]: {} },
    variants: Object.fromEntries(variants.map((fusion) => [fusion, { fusion }])),
    seeds: options.seeds ?? 10,
    metrics: {
      ...metrics,
      ...Object.fromEntries(subsetsOf(names).map((kept) => [nameOf(kept), metricOf(kept, headline.described)])),
    },
    stepLabel: "optimizer step",
    claims: options.claims ?? firstIsBetter({ variants, tasks: [{ task: job.task, ...headline }] }),
    data: async ({ dataFolder }) =>
      (await dataOf("multimodalStudy", options.data, { seed: 0, dataFolder })).provenance.files,
    trial: (context) => trialOf(context, job),
  });
}

/** The name of the metric of a subset. */
const nameOf = (kept: readonly string[]): string => `with ${kept.join(" + ")}`;

const metricOf = (kept: readonly string[], { label, ...metric }: Metric): Metric => ({
  ...metric,
  label: `${label} ${nameOf(kept)}`,
  curve: false,
});

interface MultimodalJob {
  readonly data: Dataset | DataOf;
  readonly task: string;
  readonly kind: MultimodalKind;
  readonly encoders: Readonly<Record<string, Layer>>;
  readonly fusions: ReadonlyMap<string, Fusion>;
  readonly names: readonly string[];
  readonly parts: PartsOf;
  readonly dropout: number | { readonly [modality: string]: number };
}

const own = ["data", "kind", "encoders", "fusions", "modalities", "dropout"];

function checked(options: MultimodalStudyOptions): MultimodalJob {
  const operation = "multimodalStudy";
  checkOptions(operation, options, [...jobOptions.filter((name) => name !== "hidden"), ...own], {
    ...jobAliases,
    units: "encoders",
    fusion: "fusions",
    missing: "dropout",
    task: "kind",
  });
  const { data, encoders, fusions: given, modalities = {}, dropout = 0 } = options;
  if (typeof given !== "object" || given === null || Object.keys(given).length === 0)
    throw new TensorError(
      `${operation}: fusions is ${shown(given)}, expected fusions by name, such as { gmu: gmu({ inputs, output }) }`,
    );
  if (hasMembers(given, { inputs: "object", apply: "function" }))
    throw new TensorError(
      `${operation}: fusions is one fusion, expected fusions by name; write { ${String(given["name"])}: fusion }`,
    );
  const fusions = new Map(Object.entries(given));
  let names: readonly string[] | undefined;
  for (const [name, fusion] of fusions) {
    // Throws if the encoders do not give what the fusion takes.
    const own = Object.keys(multimodal({ encoders, fusion }).inputs);
    names ??= own;
    if (String([...own].sort()) !== String([...names].sort()))
      throw new TensorError(
        `${operation}: fusions.${name} takes ${own.join(", ")}, but the first fusion takes ${names.join(", ")}`,
      );
  }
  if (names === undefined || names.length < 2 || names.length > most)
    throw new TensorError(
      `${operation}: expected 2 to ${most} modalities, got ${names?.length ?? 0}; every subset of them is tested`,
    );
  checkDropout(operation, names, dropout);
  checkedData(operation, data);
  const kind = kindFrom(operation, options);
  const task = typeof data === "function" ? options.name : data.name;
  return { data, task, kind, encoders, fusions, names, parts: partsOf(operation, names, modalities), dropout };
}

function checkDropout(operation: string, names: readonly string[], dropout: MultimodalJob["dropout"]): void {
  if (typeof dropout === "object") checkOptions(`${operation}: dropout`, dropout, names);
  for (const rate of typeof dropout === "object" ? Object.values(dropout) : [dropout])
    if (!(typeof rate === "number" && rate >= 0 && rate < 1))
      throw new TensorError(
        `${operation}: expected dropout as a probability of at least 0 and below 1, got ${shown(rate)}`,
      );
}

const isMultimodal = (kind: TaskKind): kind is MultimodalKind =>
  kind === "classification" || kind === "labelling" || kind === "regression";

function kindFrom(operation: string, { data, kind: given }: MultimodalStudyOptions): MultimodalKind {
  if (typeof data === "function" && given === undefined)
    throw new TensorError(
      `${operation}: data that a function makes needs a kind: classification, labelling, regression`,
    );
  const kind = typeof data === "function" ? given : kindOf(operation, data.train["y"], given);
  if (kind !== undefined && isMultimodal(kind)) return kind;
  throw new TensorError(`${operation}: kind is ${shown(kind)}, expected classification, labelling or regression`);
}

/** Trains one fusion, and tests it on every subset of the modalities. */
async function trialOf(given: TrialContext<MultimodalSettings>, job: MultimodalJob): Promise<TrialOutcome> {
  const { names, parts, kind, encoders } = job;
  const { config, seed, dataFolder } = given;
  const data = await dataOf("multimodalStudy", job.data, { seed, dataFolder });
  const { train, validation, test } = splitsOf("multimodalStudy: data", data);
  const splits = withTensors("multimodalStudy: data", { train, test, ...(validation && { validation }) });
  kindOf("multimodalStudy: data", splits.train.y, kind);
  const fusion = job.fusions.get(config.fusion);
  if (fusion === undefined) throw new TensorError(`multimodalStudy: there is no fusion ${shown(config.fusion)}`);
  const readout = dense({ input: fusion.features, output: outputsOf(kind, splits, data.classes) });
  const net: Fusion = multimodal({ encoders, fusion, readout });
  const dropping = config.dropout === 0 ? net : modalityDropout(net, { rate: config.dropout });
  const model = modelOfParts(dropping, parts);
  const scores: { [metric: string]: number } = {};
  const outcome = await kinds[kind].trial(trainingContext(given, rowCount(splits.train)), model, {
    data: splits,
    ...keeping(config, splits),
    async inspect({ params, buffers }, when, backend) {
      // Tuning sees nothing of the test data.
      if (when === "start of training" || given.tuning || splits.test === undefined) return;
      for (const kept of subsetsOf(names)) {
        const examples = withOnly(splits.test, parts, kept);
        scores[nameOf(kept)] = await scoreOf(model, { params, buffers, examples, kind, backend, size: config.batch });
      }
    },
  });
  return { ...outcome, metrics: { ...outcome.metrics, ...scores } };
}

interface Scoring {
  readonly params: Tree;
  readonly buffers: Tree;
  readonly examples: Supervised;
  readonly kind: MultimodalKind;
  readonly backend: Backend;
  readonly size: number;
}

/** The accuracy in per cent, or the RMSE. */
async function scoreOf(
  model: Model<Tree, Supervised>,
  { params, examples, kind, ...options }: Scoring,
): Promise<number> {
  if (kind === "regression") {
    const metrics = { score: rootMeanSquaredError() };
    return (await evaluateModel(model, params, examples, { ...options, loss: mse, metrics })).metrics.score;
  }
  const metrics = { score: accuracyScore() };
  const perStep = kind === "labelling";
  const measured = await evaluateModel(model, params, examples, { ...options, loss: crossEntropy, metrics, perStep });
  return 100 * measured.metrics.score;
}
