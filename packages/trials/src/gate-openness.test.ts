import { dense, gru, sequence, sequential } from "@sluice/cells";
import type { Series } from "@sluice/study";
import { key, normal, valuesOf } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { expect, test } from "vitest";
import { gateOpennessOf } from "./gate-openness.ts";

const model = sequential([sequence(gru({ input: 2, hidden: 3 }), { outputs: "last" }), dense({ input: 3, output: 2 })]);
const x = normal(key(1), [4, 5, 2]);
const weights = { params: model.init(key(2)), buffers: [{}, {}] as const };

async function seriesOf(
  gates: readonly string[],
  when: "start of training" | "end of training" = "end of training",
): Promise<{ [name: string]: Series }> {
  const written: { [name: string]: Series } = {};
  const backend = wasm();
  try {
    const { inspect } = gateOpennessOf(
      { series: (name, series) => void (written[name] = series) },
      { model, x, gates },
    );
    await inspect(weights, when, backend);
  } finally {
    await backend.close();
  }
  return written;
}

test("a line is the mean of a gate over units and examples, at every step", async () => {
  const { gates } = await seriesOf(["update", "reset"]);
  expect(Object.keys(gates!.lines).sort()).toEqual(["reset", "update"]);
  expect(Array.from(gates!.x.values)).toEqual([1, 2, 3, 4, 5]);
  const { traces } = model.apply(weights.params, x, { traces: true });
  const update = valuesOf(traces["0.update"]!);
  for (let step = 0; step < 5; step += 1) {
    let sum = 0;
    for (let row = 0; row < 4; row += 1)
      for (let unit = 0; unit < 3; unit += 1) sum += update[(row * 5 + step) * 3 + unit]!;
    expect(gates!.lines["update"]![step]).toBeCloseTo(sum / 12, 6);
  }
});

test("nothing is written before training, or without gates", async () => {
  expect(await seriesOf(["update"], "start of training")).toEqual({});
  expect(await seriesOf([])).toEqual({});
});

test("a gate that the model has not is an error that names those it has", async () => {
  await expect(seriesOf(["forget"])).rejects.toThrow(
    /gateOpennessOf: the model traces no forget; its traces are .*0\.update/,
  );
});
