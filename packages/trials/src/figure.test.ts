// A figure of the trained network is part of a trial's result, like its weights.
import { dense, gru, sequence, sequential } from "@sluice/cells";
import { adding } from "@sluice/data";
import { sha256 } from "@sluice/formats";
import { gatesOverTime } from "@sluice/inspect";
import { gateFigure } from "@sluice/inspect/figures";
import { inProcess, memoryStore, planRun, runStudy, study } from "@sluice/study";
import { mse } from "@sluice/train";
import { expect, test } from "vitest";
import { trainingMetrics, trainingTrial } from "./index.ts";

test("a trial keeps a figure, and the report lists it with the kept files", async () => {
  const drawn: string[] = [];
  const gates = study({
    name: "gates",
    question: "What do a GRU's gates do?",
    settings: { batch: 20, epochs: 1, learningRate: 1e-2, clip: 1, logEvery: 5, validateEvery: 5 },
    tasks: { adding: {} },
    variants: { GRU: {} },
    seeds: 1,
    metrics: trainingMetrics,
    async trial(context) {
      const model = sequential([
        sequence(gru({ input: 2, hidden: 4 }), { outputs: "last" }),
        dense({ input: 4, output: 1 }),
      ]);
      const data = adding({ time: 6, train: 40, validation: 20, test: 10 });
      return trainingTrial(context, model, {
        data,
        loss: mse,
        async inspect({ params }, when) {
          if (when !== "end of training") return;
          const { traces } = model.apply(params, data.test.x, { traces: true });
          const figure = gateFigure(gatesOverTime(traces), { title: "Gates" });
          drawn.push(figure);
          await context.file("gates.svg", new TextEncoder().encode(figure));
        },
      });
    },
  });
  const store = memoryStore();
  const run = await planRun(gates, { store, executor: inProcess() });
  const { document } = await runStudy(run);
  expect(document.trials.map(({ status }) => status)).toEqual(["done"]);
  expect(drawn[0]).toMatch(/^<svg /);
  expect(store.report()).toContain("<code>files/gates.svg</code>");
  const record = await store.readTrial(run.trials[0]!);
  expect(record.files?.["gates.svg"]).toBe(sha256(drawn[0]!));
  expect(new TextDecoder().decode(await store.readFile(record, "gates.svg"))).toBe(drawn[0]);
});
