// Attribution of every cell of the catalogue.
import { inputOf, sequence, type InputSpec } from "@sluice/cells";
import { catalogue, type CatalogueEntry } from "@sluice/cells/catalogue";
import { exampleInput } from "@sluice/cells/testing";
import {
  add,
  convert,
  key,
  keyFor,
  mapTree,
  mul,
  normal,
  sum,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat } from "@sluice/tensor/internal";
import { arrayOf } from "@sluice/tensor/testing";
import { describe, expect, test } from "vitest";
import { integratedGradients, occlusion, type Score } from "../index.ts";

const [batch, time] = [2, 3];
const lengths = [3, 1];
const root = key(5);

/** A layer with parameters away from their initial values, and a score that every output counts for. */
function subjectOf({ make, input }: CatalogueEntry) {
  const cell = make({ input: 2, hidden: 8 });
  const layer = sequence(cell, { outputs: "last" });
  const draw = (name: string, given: InputSpec): ArrayTensor => {
    const [spec, own] = [inputOf(given), keyFor(root, name)];
    const values = input?.(name, spec, [batch, time], own) ?? exampleInput(spec, [batch, time], own);
    return arrayOf(convert(values, spec.dtype === "f32" ? "f64" : spec.dtype));
  };
  const away = <T extends Tree>(tree: T): T =>
    mapTree(tree, (value, path) =>
      isFloat(value.dtype)
        ? add(value, normal(keyFor(root, path), value.shape, { deviation: 0.3, dtype: value.dtype }))
        : value,
    );
  const params = away(layer.init(keyFor(root, "init"), { dtype: "f64" }));
  const buffers = layer.initialBuffers({ dtype: "f64" });
  const weights = normal(keyFor(root, "weights"), [layer.features], { dtype: "f64" });
  const score: Score = (x, inputs) => sum(mul(layer.apply(params, x, { ...inputs, buffers }).output, weights), 1);
  return {
    score,
    x: draw("x", inputOf(cell.input ?? [cell.sizes.input])),
    extra: Object.fromEntries(Object.entries(cell.extra).map(([name, spec]) => [name, draw(name, inputOf(spec))])),
  };
}

/** Not 0, where cells that normalize what they read have no derivative. */
const baseline = 0.2;
/** Cells with rectifiers or cases, whose gradient jumps on the path: the error falls with 1 / steps only. */
const kinked = [
  "rnn, relu",
  "liGru",
  "nas",
  "shufflingRnn",
  "expRnn",
  "neuralCde",
  "indRnn",
  "minGru",
  "minLstm",
  "fastWeights",
  "gruOdeBayes",
];
const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));

describe.each(Object.values(catalogue).flatMap((family) => family ?? []))("$name", (entry) => {
  const { score, x, extra } = subjectOf(entry);
  if (!isFloat(x.dtype)) {
    test("integers have no path from a baseline", async () => {
      await expect(integratedGradients(score, x, { lengths, extra })).rejects.toThrow("x must be a float");
    });
    return;
  }

  test("the completeness error falls with the number of steps; lengths are respected", async () => {
    const few = await integratedGradients(score, x, { lengths, extra, baseline, steps: 2 });
    const many = await integratedGradients(score, x, {
      lengths,
      extra,
      baseline,
      steps: kinked.some((name) => entry.name.startsWith(name)) ? 100 : 14,
    });
    const [error, least] = [few, many].map(({ completenessErrors }) => largest(valuesOf(completenessErrors)));
    // A binary gate with a straight-through gradient jumps on the path; the error shows it.
    if (entry.name.startsWith("skipRnn")) expect(least).toBeGreaterThan(1e-7);
    else expect(least).toBeLessThanOrEqual(Math.max(error! / 10, 1e-12));
    valuesOf(many.attributions).forEach((y, i) => {
      const [row, step] = [
        Math.floor(i / (x.data.length / batch)),
        Math.floor(i / (x.data.length / batch / time)) % time,
      ];
      expect(Number.isFinite(y)).toBe(step < lengths[row]!);
    });
  });

  test("occlusion is the difference of two runs; lengths are respected", async () => {
    const { drops, scores } = await occlusion(score, x, { lengths, extra, copies: 4 });
    const rows = { lengths: tensor(lengths, [batch], { dtype: "i32" }), extra };
    const features = x.data.length / batch / time;
    const whole = valuesOf(score(x, rows));
    expect([...valuesOf(scores)]).toEqual([...whole]);
    for (let place = 0; place < time * features; place++) {
      const data = Float64Array.from(x.data, (y, i) => (i % (time * features) === place ? 0 : y));
      const without = valuesOf(score(tensor(data, x.shape), rows));
      for (let row = 0; row < batch; row++) {
        const found = valuesOf(drops)[row * time * features + place]!;
        if (Math.floor(place / features) < lengths[row]!) expect(found).toBe(whole[row]! - without[row]!);
        else expect(found).toBeNaN();
      }
    }
  });
});
