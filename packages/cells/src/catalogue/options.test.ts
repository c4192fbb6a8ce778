// Two options of a cell either both count, or contradict each other and are refused: none is ignored in silence.
import { key, leavesOf, TensorError, valuesOf, type Tree } from "@sluice/tensor";
import { expect, test } from "vitest";
import { subjectOf } from "../testing/subject.ts";
import type { CatalogueEntry } from "./entry.ts";
import { catalogue } from "./index.ts";

/** Values to try for each option; a value that is the one that the form has is left out. */
const values: Readonly<Record<string, readonly unknown[]>> = {
  activation: ["sigmoid"],
  recurrentActivation: ["tanh"],
  outputActivation: ["sigmoid"],
  backboneActivation: ["relu"],
  biases: [0, 2],
  bias: [true],
  factorBiases: [true],
  reset: ["before", "none"],
  forgetBias: [3],
  transformBias: [-3],
  highwayBias: [2],
  peephole: [true],
  peepholes: [true, false],
  projection: [3],
  coupled: [true, false],
  forgetGate: [false],
  bareInput: [true],
  skip: [false],
  rescale: [true, false],
  layerNormalized: [true, false],
  decayedHistory: [true, false],
  inputMapping: [false],
  outputMapping: [false],
  inputRank: [2],
  recurrentRank: [3],
  rank: [2],
  hyperUnits: [3],
  embedding: [3],
  rounds: [3],
  factors: [3],
  context: [3],
  depth: [3],
  order: [2],
  memories: [3],
  heads: [2],
  keyWidth: [4],
  blocks: [2],
  widths: [[3]],
  window: [3],
  delay: [3],
  unfolds: [3],
  steps: [4],
  backboneLayers: [2],
  backboneUnits: [3],
  predictionUnits: [2],
  preparedUnits: [3],
  update: [0.25],
  beta: [0.25],
  alpha: [0.5],
  gamma: [0.5],
  epsilon: [0.3],
  dt: [0.3],
  theta: [3],
  rate: [0.25],
  decay: [0.5],
  leak: [0.5],
  temperature: [4],
  betaLimit: [1, 2],
  iterations: [3],
  rMin: [0.3],
  rMax: [0.7],
  maxPhase: [1],
  deltaMin: [0.01],
  deltaMax: [0.05],
  spectralRadius: [0.5],
  sparsity: [0.5],
  inputScale: [0.5],
  biasScale: [0.5],
  seed: [1],
  bound: [0.05],
  periods: [[1, 3]],
  timeScales: [[0.5, 2]],
  logPeriods: [[1, 2]],
  openRatio: [0.3],
  shortcut: ["identity"],
  damping: ["implicit"],
  pooling: ["f", "ifo"],
  initialization: ["inv"],
  discretization: ["bilinear"],
  conductances: ["clipped"],
  combination: ["sigmoid", "linear"],
  mode: ["noGate", "pure"],
  method: ["midpoint"],
  path: ["cubic"],
  layers: [0, 2],
  units: [3],
  form: ["MGU2", "MUT2", "MiRU2"],
  mass: [2],
  chunk: [2],
  negative: [1],
  outputs: [2],
  means: [[0.5, 0, 0, 1]],
};

/** Options that are functions, wirings or lists that follow the sizes: a test of the cell itself tries them. */
const untried: readonly string[] = ["keyMap", "queryMap", "decayInitializer", "wiring", "sensoryWiring"];

/** What an option may change: the initial parameters, and outputs and states from parameters of its own draw. */
function behaviourOf({ make, input }: CatalogueEntry, options: object): string {
  const cell = make({ input: 4, hidden: 4, ...options });
  const { layer, params, x, extra, state, buffers } = subjectOf(cell, input);
  const { output, state: after } = layer.apply(params, x, { state, extra, buffers, training: true, key: key(2) });
  const bits = (tree: Tree) => leavesOf(tree).map(({ path, tensor: leaf }) => [path, leaf.shape, ...valuesOf(leaf)]);
  return JSON.stringify([bits(layer.init(key(1))), bits({ output, after })]);
}

/** Undefined where the options are refused. */
function tried(entry: CatalogueEntry, options: object): string | undefined {
  try {
    return behaviourOf(entry, options);
  } catch (error) {
    if (error instanceof TensorError) return undefined;
    throw error;
  }
}

/** The options of the cell that is made; undefined where they are refused. */
function optionsOf({ make }: CatalogueEntry, options: object): Readonly<Record<string, unknown>> | undefined {
  try {
    return { ...make({ input: 4, hidden: 4, ...options }).origin?.options };
  } catch (error) {
    if (error instanceof TensorError) return undefined;
    throw error;
  }
}

/** The values to try, but for those of options that the form of the catalogue itself decides. */
function choicesOf(entry: CatalogueEntry) {
  return Object.entries(optionsOf(entry, {}) ?? {}).flatMap(([name, given]) =>
    (values[name] ?? [])
      .filter((value) => value !== given)
      .map((value) => ({ name, value, options: { [name]: value }, made: optionsOf(entry, { [name]: value }) }))
      .filter(({ value, made }) => made === undefined || made[name] === value),
  );
}

const entries = Object.values(catalogue).flat();

test("every option of a cell has a value to try", () => {
  const all = new Set(entries.flatMap((entry) => Object.keys(optionsOf(entry, {}) ?? {})));
  const tries = new Set(entries.flatMap((entry) => choicesOf(entry).flatMap(({ name, made }) => (made ? [name] : []))));
  // A value need not be taken: what a form of the catalogue decides itself, such as the order of a state space, stays.
  expect([...all].filter((name) => !tries.has(name) && !(name in values) && !untried.includes(name))).toEqual([]);
  expect([...Object.keys(values), ...untried].filter((name) => !all.has(name))).toEqual([]);
});

test.each(entries)("$name", (entry) => {
  const own = optionsOf(entry, {}) ?? {};
  const choices = choicesOf(entry);
  const alone = new Map(choices.map(({ options }) => [options, tried(entry, options)]));
  const plain = behaviourOf(entry, {});
  const ignored: string[] = [];
  for (const [index, first] of choices.entries()) {
    const one = alone.get(first.options);
    // A default that is undefined stands for a value, such as two biases for a GRU that resets after its product.
    if (one === plain && own[first.name] === undefined) continue;
    if (one === plain) ignored.push(`${first.name}: ${JSON.stringify(first.value)}`);
    for (const second of choices.slice(index + 1)) {
      if (first.name === second.name) continue;
      const both = tried(entry, { ...first.options, ...second.options });
      if (both !== undefined && (both === one || both === alone.get(second.options)))
        ignored.push(`${JSON.stringify({ ...first.options, ...second.options })}`);
    }
  }
  expect(ignored).toEqual([]);
});
