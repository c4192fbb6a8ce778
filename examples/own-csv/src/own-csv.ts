import { createReadStream, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dense, gru, sequence, sequential } from "@sluice/cells";
import { stratifiedSplit } from "@sluice/data";
import * as irregular from "@sluice/irregular";
import { concat, convert, key, softmax, valuesOf } from "@sluice/tensor";
import { accuracy, adam, crossEntropy, loadState, rowsOf, saveState } from "@sluice/train";
import { fit, predict } from "@sluice/trials";

type Fitted = { readonly scaler: irregular.Scaler; readonly imputer: irregular.Imputer };

/** Scaled values, which of them were observed, and the hours since the step before: `[patients, time, 2 + 2 + 1]`. */
function inputsOf(data: irregular.Observations, { scaler, imputer }: Fitted) {
  const filled = irregular.applyImputer(imputer, irregular.applyScaler(scaler, data));
  const { x, lengths, mask, elapsed } = irregular.paddedExamples(filled);
  return { x: concat([x, convert(mask, "f32"), elapsed], 2), lengths };
}

const model = sequential([sequence(gru({ input: 5, hidden: 8 }), { outputs: "last" }), dense({ input: 8, output: 2 })]);
const [mode, file = "", folder = ""] = process.argv.slice(2);
const [weights, fitted] = [`${folder}/weights.safetensors`, `${folder}/fitted.json`];

const { observations, report } = await irregular.fromCsvStream(createReadStream(file), {
  file,
  layout: "wide",
  columns: { id: "patient" },
  time: { unit: "hours" },
  variables: ["pulse", "temperature"],
  statics: [{ name: "outcome", categories: ["better", "worse"] }],
});
console.error(irregular.reportLines(report).join("\n"));

if (mode === "train") {
  const y = irregular.labelsOf(observations, "outcome");
  const rows = stratifiedSplit(y, { validation: 0.2, test: 0.2, key: key(1) });
  const training = irregular.takeRows(observations, rows.train);
  const scaler = irregular.fitScaler(training);
  const imputer = irregular.fitImputer(irregular.applyScaler(scaler, training), { imputation: "forward" });
  const all = { ...inputsOf(observations, { scaler, imputer }), y };
  const [train, validation, test] = [rowsOf(all, rows.train), rowsOf(all, rows.validation), rowsOf(all, rows.test)];
  const trained = await fit(
    model,
    { train, validation, test },
    { loss: crossEntropy, metrics: { accuracy }, optimizer: adam({ learningRate: 0.02 }), epochs: 30, keep: "best" },
  );
  console.error(`accuracy on the ${rows.test.length} patients of the test: ${trained.test?.metrics.accuracy}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(weights, await saveState(trained.params));
  writeFileSync(fitted, JSON.stringify({ scaler, imputer }));
}
// From here on, only what is in the folder is used: another process gets the same bits.
const params = await loadState(readFileSync(weights), model.init(key(0)));
const logits = await predict(model, params, inputsOf(observations, JSON.parse(readFileSync(fitted, "utf8"))));
const probabilities = valuesOf(softmax(logits, 1));
observations.ids.forEach((id, row) => console.log(`${id},${probabilities[2 * row + 1]}`));
