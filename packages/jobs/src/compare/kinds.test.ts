import { readFileSync } from "node:fs";
import { ctGru, gru, gruD, rnn } from "@sluice/cells";
import * as data from "@sluice/data";
import { forecastExamples, imputationExamples, missingCompletelyAtRandom, raggedBatch } from "@sluice/irregular";
import { inProcess, memoryStore, planRun, runStudy } from "@sluice/study";
import { key, tensor, uniform, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { compare, type CellOf, type CompareOptions, type ComparedTask, type TaskData } from "../index.ts";
import { kinds, type TaskKind } from "../kinds.ts";
import { needsOf } from "./tasks.ts";

const provenance = { source: "made", licence: "none", files: {}, split: "", caution: "" };
const small = { hidden: 5, epochs: 12, batch: 10, learningRate: 0.02, seeds: 1 };

async function run(options: Omit<CompareOptions, "name">) {
  const store = memoryStore();
  const { records } = await runStudy(
    await planRun(compare({ ...small, name: "kinds", ...options }), { store, executor: inProcess() }),
  );
  expect(records.map(({ status, warnings, reason }) => [status, warnings, reason])).toEqual(
    Array(records.length).fill(["done", [], undefined]),
  );
  return records;
}

/** Rows of 12 steps of two waves; one value in ten is missing. */
function waves(count: number, seed: number) {
  const steps = 12 * count;
  const [phases, missing] = [valuesOf(uniform(key(seed), [count])), valuesOf(uniform(key(seed + 50), [2 * steps]))];
  const seen = Array.from(missing, (u) => Number(u > 0.1));
  return raggedBatch({
    values: tensor(
      Float32Array.from(seen, (is, at) => {
        const [step, variable] = [Math.floor(at / 2), at % 2];
        return is === 0 ? NaN : Math.sin(0.8 * (step % 12) + 6.28 * phases[Math.floor(step / 12)]! + variable);
      }),
      [steps, 2],
    ),
    mask: tensor(seen, [steps, 2], { dtype: "bool" }),
    elapsed: tensor(
      Array.from({ length: steps }, (_, step) => Number(step % 12 > 0)),
      [steps, 1],
    ),
    offsets: Array.from({ length: count + 1 }, (_, row) => 12 * row),
  });
}

const splits = <E>(of: (batch: ReturnType<typeof waves>, seed: number) => E) => ({
  name: "waves",
  provenance,
  train: of(waves(60, 1), 1),
  validation: of(waves(20, 2), 2),
  test: of(waves(20, 3), 3),
});

const forecasts: ComparedTask = {
  ...{ name: "forecast", kind: "forecast" },
  data: splits((batch) => forecastExamples(batch, { history: 9, horizon: 3 })),
};
const gaps: ComparedTask = {
  ...{ name: "imputation", kind: "imputation" },
  data: splits((batch, seed) =>
    imputationExamples(batch, missingCompletelyAtRandom(batch, { rate: 0.2, key: key(seed) })),
  ),
};

describe("irregular series", () => {
  test("forecasts and imputations are learnt, and sizes count the features and the readout of each", async () => {
    const records = await run({ cells: { rnn, gru }, tasks: [forecasts, gaps], match: "flops" });
    const of = (task: string, variant: string) =>
      records.find((record) => record.task === task && record.variant === variant)!.metrics;
    // The features of a step: 2 values, 2 of the mask, 1 elapsed time. A readout of 3 × 2 numbers, once.
    const [step, head] = [5 * (5 + 5), 5 * 6];
    expect(of("forecast", "rnn")).toMatchObject({
      ...{ hidden: 5, parameters: step + 5 + head + 6, products: 9 * step + head },
    });
    // A readout of 2 numbers at each of 12 steps.
    expect(of("imputation", "rnn")).toMatchObject({ parameters: step + 5 + 12, products: 12 * (step + 10) });
    for (const [task, count] of [
      ["forecast", (hidden: number) => 9 * 3 * hidden * (hidden + 5) + 6 * hidden],
      ["imputation", (hidden: number) => 12 * (3 * hidden * (hidden + 5) + 2 * hidden)],
    ] as const) {
      const { hidden, products } = of(task, "gru");
      expect(products).toBe(count(hidden!));
      for (const other of [hidden! - 1, hidden! + 1])
        expect(Math.abs(count(other) - of(task, "rnn")["products"]!)).toBeGreaterThanOrEqual(
          Math.abs(products! - of(task, "rnn")["products"]!),
        );
    }
    // The mean of |sin| is 0.64: the error of who always says 0.
    for (const variant of ["rnn", "gru"]) {
      expect(of("forecast", variant)["forecastMae"]).toBeLessThan(0.5);
      expect(of("imputation", variant)["imputationMae"]).toBeLessThan(0.55);
    }
  });

  test("a cell gets masks and times as it reads them: apart, or as features of x", async () => {
    const curves = data.irregularSines({ observations: 8, train: 20, validation: 10, test: 10 });
    const own = ({ input, hidden }: { input: number; hidden: number }) =>
      gruD({ input, hidden, means: Array(input).fill(0) });
    const spied: { name: string; input: number }[] = [];
    const spy =
      (name: string, cell: CellOf): CellOf =>
      (sizes) => {
        spied.push({ name, input: sizes.input });
        return cell(sizes);
      };
    await run({
      cells: { gru: spy("gru", gru), ctGru: spy("ctGru", ctGru) },
      tasks: [curves],
      epochs: 1,
    });
    // The observed value and whether it is one; a GRU also gets the elapsed time, which ctGru reads itself.
    const last = (name: string) => spied.findLast((made) => made.name === name)?.input;
    expect([last("gru"), last("ctGru")]).toEqual([3, 2]);

    const withDelta: ComparedTask = {
      ...gaps,
      data: splits((batch, seed) => {
        const examples = imputationExamples(batch, missingCompletelyAtRandom(batch, { rate: 0.2, key: key(seed) }));
        return { ...examples, delta: tensor(new Float32Array(examples.mask.data.length).fill(1), examples.mask.shape) };
      }),
    };
    const records = await run({ cells: { gruD: spy("gruD", own), gru }, tasks: [withDelta], epochs: 1, match: "none" });
    expect(last("gruD")).toBe(2);
    expect(records[0]!.metrics["parameters"]).not.toBe(records[1]!.metrics["parameters"]);
  });

  test("a target that counts in parts is named where the kind does not fit", () => {
    const wrong = (kind: TaskKind | undefined) => () => {
      const { kind: _, ...rest } = forecasts;
      return compare({
        ...small,
        name: "wrong",
        cells: { gru },
        tasks: [kind === undefined ? rest : { ...rest, kind }],
      });
    };
    expect(wrong(undefined)).toThrow(
      "compare: tasks[0]: the target y is { values: [60,3,2], counts }, expected a kind that reads it; give kind: forecast or imputation",
    );
    expect(wrong("regression")).toThrow("expected f32 [examples, outputs] or [examples, time, outputs] for regression");
  });
});

describe("the table of the README", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const rows = new Map(
    readme
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .filter(([, name = ""]) => Object.keys(kinds).some((kind) => name === `\`${kind}\``))
      .map(([, name = "", ...cells]) => [name.slice(1, -1), cells]),
  );
  const readouts = {
    "every step": "every step",
    "last step": "the last step",
    horizon: "the last step",
    "as the target": "as the target",
  };

  test.for(Object.entries(kinds))("has %s as it is", ([name, { target, readout, headline, validation }]) => {
    const [shape, read, claimed, tuned] = rows.get(name) ?? [];
    expect([shape?.replaceAll("`", ""), read, claimed, tuned]).toEqual([
      target.shape,
      readouts[readout],
      `${headline.described.label} (\`${headline.metric}\`)`,
      `\`${validation}\``,
    ]);
  });

  test("names data sets of each kind", () => {
    const sizes = { train: 3, validation: 2, test: 2 };
    const made: { readonly [name: string]: TaskData } = {
      adding: data.adding({ time: 4, ...sizes }),
      copying: data.copying({ delay: 3, ...sizes }),
      dyck: data.dyck({ time: 4, ...sizes }),
      flipFlop: data.flipFlop(sizes),
      irregularSines: data.irregularSines(sizes),
      lorenz: data.lorenz(sizes),
      mackeyGlass: data.mackeyGlass(sizes),
      parity: data.parity({ time: 4, ...sizes }),
    };
    let checked = 0;
    for (const [kind, [, , , , sets = ""]] of rows)
      for (const [, name = ""] of sets.matchAll(/`(\w+)`/g)) {
        expect({ ...data, forecastExamples, imputationExamples }).toHaveProperty(name);
        const own = made[name];
        if (own === undefined) continue;
        expect(needsOf(name, undefined, own).kind).toBe(kind);
        checked += 1;
      }
    expect(checked).toBe(Object.keys(made).length);
  });
});
