/** The programs of new projects. They use public names only, as any program outside the repository. */
import type { ProjectName } from "./project-name.ts";

/** The settings of both studies. */
const TRAINING = `    hidden: 16,
    time: 20,
    train: 1000,
    batch: 50,
    epochs: 20,
    learningRate: 1e-2,
    clip: 1,
    logEvery: 10,
    validateEvery: 20,
`;

/** A gated cell to be changed: one gate, which decides how much of the old state stays. */
export const cellCode = ({ code, words }: ProjectName): string => `import { defineCell } from "@sluice/cells";
import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, sub, tanh } from "@sluice/tensor";

/**
 * A cell with one gate, to begin with. Change the equations here and in \`step\`.
 *
 *     f_t = sigmoid(x_t W_f + h_{t-1} U_f + b_f)
 *     n_t = tanh(x_t W_n + h_{t-1} U_n + b_n)
 *     h_t = f_t h_{t-1} + (1 - f_t) n_t
 *
 * Parameters: W \`[input, 2 hidden]\`, U \`[hidden, 2 hidden]\`, b \`[2 hidden]\`, in the order f, n. State and output: h.
 */
export const ${code} = defineCell({
  name: "${words}",
  params: ({ input, hidden }) => ({
    W: kernel([input, 2 * hidden]),
    U: recurrentKernel([hidden, 2 * hidden]),
    b: bias([2 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, trace, input, recurrent }) {
    const [a, c] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 2);
    const f = trace("forget", sigmoid(a));
    const n = trace("candidate", tanh(c));
    return { state: { h: add(mul(f, h), mul(sub(1, f), n)) }, output: "h" };
  },
});
`;

export const cellTest = ({ code }: ProjectName, from: string): string => `import { after, test } from "node:test";
import { cellSuite } from "@sluice/cells/testing";
import { wasm } from "@sluice/wasm";
import { ${code} } from "${from}";

const backend = wasm();
after(() => backend.close());

// Every law that a cell must obey: gradients against differences, masks, streams, saving, the backend's values, ...
for (const { name, skip, run } of cellSuite(${code}({ input: 2, hidden: 3 }), { backend }))
  test(name, { skip: skip !== undefined }, run);
`;

/** A study of the cell against a GRU. */
export const cellStudy = (
  { package: name, code, words }: ProjectName,
  from: string,
): string => `import { dense, gru, sequence, sequential, type Cell, type CellSizes } from "@sluice/cells";
import { adding } from "@sluice/data";
import { better, study } from "@sluice/study";
import { mse } from "@sluice/train";
import { trainingMetrics, trainingTrial } from "@sluice/trials";
import { ${code} } from "${from}";

const cells: { readonly [name in "mine" | "gru"]: (sizes: CellSizes) => Cell } = { mine: ${code}, gru };

export default study({
  name: "${name}",
  question: "Does ${words} add two marked numbers of a sequence better than a GRU of the same size?",
  settings: {
    cell: "mine" as keyof typeof cells,
${TRAINING}  },
  tasks: { adding: {} },
  variants: { mine: {}, GRU: { cell: "gru" } },
  seeds: 10,
  budgets: { quick: { seeds: 5, epochs: 5 }, full: {} },
  metrics: trainingMetrics,
  claims: [
    {
      text: "The new cell has a lower loss than a GRU.",
      kind: "own",
      test: better({ task: "adding", metric: "testLoss", variant: "mine", than: "GRU" }),
    },
  ],
  async trial(context) {
    const { cell, hidden, time, train } = context.config;
    const model = sequential([
      sequence(cells[cell]({ input: 2, hidden }), { outputs: "last" }),
      dense({ input: hidden, output: 1 }),
    ]);
    const data = adding({ time, train, validation: 200, test: 500 });
    return trainingTrial(context, model, { data, loss: mse, keep: "best" });
  },
});
`;

/** A clipper to be changed. */
export const pluginCode = ({
  code,
  words,
}: ProjectName): string => `import { treeNorm, type GradientTransform } from "@sluice/clip";
import { add, div, mapTree, mul } from "@sluice/tensor";

/** Multiplies all gradients by \`scale / (scale + norm)\`, so that their norm stays below \`scale\`. */
export function ${code}(scale: number): GradientTransform {
  if (!(scale > 0)) throw new RangeError(\`${code}: expected a scale above 0, got \${scale}\`);
  return {
    name: "${words}",
    init: () => ({}), // it has no state
    update(gradients, state) {
      const norm = treeNorm(gradients);
      const factor = div(scale, add(norm, scale));
      return { gradients: mapTree(gradients, (g) => mul(g, factor)), state, report: { norm } };
    },
  };
}
`;

export const pluginTest = ({ code }: ProjectName, from: string): string => `import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gradientTransformSuite } from "@sluice/clip/testing";
import { wasm } from "@sluice/wasm";
import { ${code} } from "${from}";

const backend = wasm();
after(() => backend.close());

// Every law that a gradient transform must obey: no hidden state, extreme numbers, chains, saving, ...
for (const { name, skip, run } of gradientTransformSuite(${code}(1), { backend }))
  test(name, { skip: skip !== undefined }, run);

test("a scale that is not above 0 is refused", () => assert.throws(() => ${code}(0), /expected a scale above 0/));
`;

/** A study of the plug-in against the usual clipping. */
export const pluginStudy = (
  { package: name, code, words }: ProjectName,
  from: string,
): string => `import { dense, gru, sequence, sequential } from "@sluice/cells";
import { chain, globalNorm } from "@sluice/clip";
import { adding } from "@sluice/data";
import { better, study } from "@sluice/study";
import { adam, mse } from "@sluice/train";
import { trainingMetrics, trainingTrial } from "@sluice/trials";
import { ${code} } from "${from}";

const clippers = { mine: ${code}, globalNorm };

export default study({
  name: "${name}",
  question: "Does a GRU learn to add two marked numbers better with ${words} than with clipping by the global norm?",
  settings: {
    clipper: "mine" as keyof typeof clippers,
${TRAINING}  },
  tasks: { adding: {} },
  variants: { mine: {}, "global norm": { clipper: "globalNorm" } },
  seeds: 10,
  budgets: { quick: { seeds: 5, epochs: 5 }, full: {} },
  metrics: trainingMetrics,
  claims: [
    {
      text: "The new clipper leads to a lower loss.",
      kind: "own",
      test: better({ task: "adding", metric: "testLoss", variant: "mine", than: "global norm" }),
    },
  ],
  async trial(context) {
    const { clipper, clip, learningRate, hidden, time, train } = context.config;
    const model = sequential([
      sequence(gru({ input: 2, hidden }), { outputs: "last" }),
      dense({ input: hidden, output: 1 }),
    ]);
    const data = adding({ time, train, validation: 200, test: 500 });
    const optimizer = chain(clippers[clipper](clip), adam({ learningRate }));
    return trainingTrial(context, model, { data, loss: mse, optimizer, keep: "best" });
  },
});
`;
