// Labels without their times, in fit: what a sequence says, not when.
import { dense, gru, sequence, sequential } from "@sluice/cells";
import { key, sum, tensor, valuesOf } from "@sluice/tensor";
import { adam, ctc, permutation } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { fit } from "./index.ts";

const backend = wasm();
afterAll(() => backend.close());

const [time, symbols] = [8, 3];

/** Rows of one to three labels 1 to 3, each shown for a step somewhere in order; blank steps are zeros. */
function spelled(count: number, seed: number) {
  const x = new Float32Array(count * time * symbols);
  const labels = new Int32Array(count * 3);
  const [lengths, labelLengths] = [new Int32Array(count), new Int32Array(count)];
  for (let row = 0; row < count; row++) {
    const order = permutation(key(1000 * seed + row), time);
    lengths[row] = time - (row % 3);
    const steps = [...order]
      .filter((step) => step < lengths[row]!)
      .slice(0, 1 + (row % 3))
      .toSorted((a, b) => a - b);
    labelLengths[row] = steps.length;
    steps.forEach((step, i) => {
      const label = 1 + ((order[i]! + i) % symbols);
      labels[3 * row + i] = label;
      x[(row * time + step) * symbols + label - 1] = 1;
    });
  }
  return {
    x: tensor(x, [count, time, symbols]),
    y: tensor(labels, [count, 3]),
    lengths: tensor(lengths),
    labelLengths: tensor(labelLengths),
  };
}

test("a GRU learns to spell, and its best path has the labels", async () => {
  const data = { train: spelled(96, 1), validation: spelled(24, 2) };
  const model = sequential([sequence(gru({ input: symbols, hidden: 8 })), dense({ input: 8, output: symbols + 1 })]);
  const trained = await fit(model, data, {
    loss: (logits, y, { lengths, mask }, { labelLengths, weight }) => ({
      loss: ctc(logits, y, { mask, labelLengths, ...(lengths && { lengths }) }),
      weight: sum(weight),
    }),
    optimizer: adam({ learningRate: 0.03 }),
    epochs: 40,
    size: 16,
    backend,
  });
  const losses = trained.history.map(({ validation }) => validation!.loss);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 10);

  const { x, lengths } = data.validation;
  const logits = valuesOf(await trained.predict({ x, lengths, labelLengths: data.validation.labelLengths }));
  const width = symbols + 1;
  const right = Array.from(valuesOf(lengths), (length, row) => {
    const path = Array.from({ length }, (_, step) => {
      const at = (row * time + step) * width;
      const own = [...logits.subarray(at, at + width)];
      return own.indexOf(Math.max(...own));
    });
    const found = path.filter((label, step) => label !== path[step - 1] && label !== 0);
    const wanted = valuesOf(data.validation.y).subarray(
      3 * row,
      3 * row + valuesOf(data.validation.labelLengths)[row]!,
    );
    return found.join() === wanted.join();
  });
  expect(right.filter(Boolean).length).toBeGreaterThanOrEqual(22);
});
