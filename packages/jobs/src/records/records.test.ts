import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gru, gruD, lstm } from "@sluice/cells";
import { inProcess, memoryStore, planRun, planSweep, runStudy, runSweep, seedKey } from "@sluice/study";
import { key, keyFor, normal, uniform, valuesOf } from "@sluice/tensor";
import { runInMemory } from "@sluice/trials/testing";
import { describe, expect, test } from "vitest";
import { recordsStudy, type RecordsStudyOptions } from "../index.ts";
import { divided } from "./prepared.ts";

/**
 * 40 patients with 3 to 8 visits. Patients get worse where the mean of `a` is above 0; the score is the mean of `a`
 * times 10 plus 50. One in ten cells is empty. Patient 7 has no outcome.
 */
function table(): string {
  const draw = (name: string, n: number) => [...valuesOf(uniform(keyFor(key(1), name), [n]))];
  const [visits, levels, empty] = [draw("visits", 40), valuesOf(normal(key(2), [40])), draw("empty", 1000)];
  const noise = valuesOf(normal(key(3), [1000]));
  const lines = ["id,time,age,outcome,score,a,b"];
  let at = 0;
  for (let patient = 0; patient < 40; patient++)
    for (let visit = 0; visit < 3 + Math.floor(6 * visits[patient]!); visit++) {
      const level = levels[patient]!;
      const outcome = patient === 7 ? "" : level > 0 ? "worse" : "better";
      const score = patient === 7 ? "" : (50 + 10 * level).toFixed(3);
      const [a, b] = [level + 0.3 * noise[at]!, noise[at + 1]!].map((value, i) =>
        empty[at + i]! < 0.1 ? "" : value.toFixed(3),
      );
      lines.push(`p${String(patient).padStart(2, "0")},${visit * 1.5},${30 + patient},${outcome},${score},${a},${b}`);
      at += 2;
    }
  return `${lines.join("\n")}\n`;
}

const text = table();
const categories = ["better", "worse"];
const options: RecordsStudyOptions = {
  name: "ward",
  records: { text },
  reading: { layout: "wide", time: { unit: "hours" }, variables: ["a", "b"], statics: ["age"] },
  target: { name: "outcome", categories },
  folds: 3,
  hidden: 4,
  epochs: 12,
  batch: 8,
  learningRate: 0.03,
  patience: 6,
};

async function run(given: RecordsStudyOptions, seeds?: number) {
  const store = memoryStore();
  const made = recordsStudy(given);
  const plan = await planRun(made, { store, executor: inProcess(), ...(seeds === undefined ? {} : { seeds }) });
  const { records, document } = await runStudy(plan);
  const readOf = (trial: number) => (name: string) => store.readFile(records[trial]!, name);
  return { made, records, document, readOf, trials: plan.trials, store };
}

/** The rows of a table whose patients pass. */
function rowsOf(passes: (id: string) => boolean): string {
  const [header, ...lines] = text.trim().split("\n");
  return [header, ...lines.filter((line) => passes(line.split(",")[0]!))].join("\n");
}

describe("classes", () => {
  const whole = run(options);

  test("each fold trains, tests the others' rows, and keeps the weights and what was fitted", async () => {
    const { records, made } = await whole;
    expect(records.map(({ status, warnings, fold }) => ({ status, warnings, fold: fold?.index }))).toEqual(
      [0, 1, 2].map((fold) => ({ status: "done", warnings: [], fold })),
    );
    for (const { metrics, files } of records) {
      expect(metrics["auroc"]).toBeGreaterThan(0.8);
      expect(metrics["accuracy"]).toBeGreaterThan(60);
      expect(Object.keys(files ?? {}).sort()).toEqual(["best.safetensors", "fitting.json", "last.safetensors"]);
    }
    expect(await made.data?.({ dataFolder: null })).toHaveProperty("records");
  });

  test("what was fitted was fitted to training rows alone", async () => {
    const { readOf } = await whole;
    const means = await Promise.all(
      [0, 1, 2].map(async (trial) => {
        const { scaler, weights } = JSON.parse(new TextDecoder().decode(await readOf(trial)("fitting.json")));
        expect(weights).toBe("best.safetensors");
        return scaler.statics[0].center;
      }),
    );
    // The ages of the patients with an outcome are 30 to 69 without 37; each fold has another two thirds of 4/5 of them.
    expect(new Set(means).size).toBe(3);
    for (const mean of means) expect(Math.abs(mean - 49.8)).toBeLessThan(8);
  });

  test("predicts, without a target, from a file, in any order, with the same bits for each row", async () => {
    const { made, readOf } = await whole;
    const all = await made.predict(readOf(0), { text });
    expect(all.ids).toHaveLength(40);
    expect(all.values.shape).toEqual([40, 2]);
    const probabilities = [...valuesOf(all.values)];
    for (let row = 0; row < 40; row++) expect(probabilities[2 * row]! + probabilities[2 * row + 1]!).toBeCloseTo(1, 5);
    const folder = await mkdtemp(join(tmpdir(), "sluice-records-"));
    try {
      // Other weights than those of memory: what another process reads.
      for (const name of ["best.safetensors", "fitting.json"])
        await writeFile(join(folder, name), await readOf(0)(name));
      const some = rowsOf((id) => ["p03", "p07", "p31"].includes(id) || id === "id")
        .split("\n")
        .map((line) => line.split(",").toSpliced(3, 2).join(","));
      await writeFile(join(folder, "new.csv"), [some[0], ...some.slice(1).reverse()].join("\n"));
      const fresh = recordsStudy(options);
      const few = await fresh.predict((name) => readFile(join(folder, name)), {
        path: pathToFileURL(join(folder, "new.csv")),
      });
      expect(few.ids).toEqual(["p03", "p07", "p31"]);
      const expected = [3, 7, 31].flatMap((row) => probabilities.slice(2 * row, 2 * row + 2));
      expect([...valuesOf(few.values)]).toEqual(expected);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("accuracy and AUROC are those of the kept model's predictions for the patients of the fold", async () => {
    const { made, readOf, records } = await whole;
    const lines = text.trim().split("\n").slice(1);
    const outcomes = new Map(lines.map((line) => [line.split(",")[0], line.split(",")[3]]));
    const y = Float64Array.from([...outcomes.values()], (outcome) =>
      outcome === "" ? NaN : categories.indexOf(outcome!),
    );
    const seed = seedKey("ward", 0);
    for (const [index, { metrics }] of records.entries()) {
      const fold = { index, of: 3 };
      const rows = divided(y, { fold, seed, validation: 0.2, groups: undefined, isClass: true });
      expect([rows.train.length, rows.validation.length, rows.test.length]).toEqual([20, 6, 13]);
      const p = valuesOf((await made.predict(readOf(index), { text })).values);
      const [positive, negative] = [1, 0].map((of) => [...rows.test].filter((row) => y[row] === of));
      const right = [...rows.test].filter((row) => Number(p[2 * row + 1]! > 0.5) === y[row]).length;
      expect(metrics["accuracy"]).toBeCloseTo((100 * right) / 13, 8);
      const wins = positive!.flatMap((a) => negative!.map((b) => Number(p[2 * a + 1]! > p[2 * b + 1]!)));
      expect(metrics["auroc"]).toBeCloseTo(wins.reduce((sum, win) => sum + win, 0) / wins.length, 8);
    }
  });

  test("the log says what of the table could not be read", async () => {
    const broken = text.replace("p05,0,", "p05,x,");
    const { trials, store } = await run({ ...options, records: { text: broken }, epochs: 1, folds: 2 });
    expect(store.logOf(trials[0]!).join("\n")).toMatch(/line \d+/);
  });
});

test("numbers are predicted in their unit, cells are compared, and groups stay together", async () => {
  const { records, made, document, readOf } = await run({
    ...options,
    target: { name: "score" },
    cells: { gru, lstm },
    select: "mae",
    group: (id) => id.slice(-1),
    folds: 2,
    epochs: 30,
    patience: 10,
  });
  expect(records.map(({ status }) => status)).toEqual(Array(4).fill("done"));
  // The deviation of the scores is 10.
  for (const { metrics } of records) {
    expect(metrics["rmse"]).toBeLessThan(8);
    expect(metrics["mae"]).toBeLessThan(metrics["rmse"]!);
  }
  expect(document.claims.map(({ text: claim }) => claim)).toEqual([
    "On score, gru is better than lstm (lower held-out RMSE).",
  ]);
  const { values } = await made.predict(readOf(0), { text });
  const numbers = [...valuesOf(values)];
  expect(numbers.reduce((sum, value) => sum + value, 0) / 40).toBeGreaterThan(40);
  expect(values.shape).toEqual([40, 1]);
});

test("a list of records, and a cell that reads masks and times itself", async () => {
  const [, ...lines] = text.trim().split("\n");
  const list = lines.flatMap((line) => {
    const [id = "", time = "", , outcome = "", , a = "", b = ""] = line.split(",");
    const of = (variable: string, value: string) => (value === "" ? [] : [{ id, time: Number(time), variable, value }]);
    return [...of("outcome", outcome), ...of("a", a), ...of("b", b)];
  });
  const { records, made, readOf } = await run({
    ...options,
    records: { list },
    reading: { time: { unit: "hours" } },
    cells: { gruD: ({ input, hidden }) => gruD({ input, hidden, means: Array(input).fill(0) }) },
    inputs: "separate",
    imputation: "none",
    folds: 2,
  });
  expect(records.map(({ status, reason }) => [status, reason])).toEqual(Array(2).fill(["done", undefined]));
  const { ids } = await made.predict(readOf(1), { list: list.filter(({ id }) => id < "p10") });
  expect(ids).toHaveLength(10);
});

test("is tuned fold by fold, and nothing of a fold's test rows reaches its tuning", async () => {
  const tuned = { ...options, epochs: 2, folds: 2, tune: { rate: [1e-3, 1e-1], trials: 2 } } as const;
  const own = recordsStudy(tuned);
  const sweep = await runSweep(await planSweep(own, { store: memoryStore(), executor: inProcess() }));
  expect(sweep.tuned.map(({ unit, metric, chosen }) => [unit?.fold?.index, metric, chosen?.index])).toEqual([
    [0, "validation", expect.any(Number)],
    [1, "validation", expect.any(Number)],
  ]);
  expect(sweep.records.map(({ status, reason }) => [status, reason])).toEqual(Array(6).fill(["done", undefined]));

  const outcomes = new Map(
    text
      .split("\n")
      .slice(1, -1)
      .map((line) => [line.split(",")[0]!, line.split(",")[3]!]),
  );
  const ids = [...outcomes.keys()];
  const y = Float64Array.from(ids, (id) => (outcomes.get(id) === "" ? NaN : categories.indexOf(outcomes.get(id)!)));
  const fold = { index: 1, of: 2 };
  const seed = seedKey("ward", 0);
  const rows = divided(y, { fold, seed, validation: 0.2, groups: undefined, isClass: true });
  const [held, seen] = [rows.test, rows.validation].map((of) => new Set([...of].map((row) => ids[row])));
  /** The records with other values of some patients. */
  const changed = (patients: ReadonlySet<string | undefined>): string =>
    text.replaceAll(/^(p\d\d),(.*),[^,]*,[^,]*$/gm, (line, id: string, rest: string) =>
      patients.has(id) ? `${id},${rest},9,-9` : line,
    );
  const weightsOf = async (records: string, tuning: boolean) => {
    const study = recordsStudy({ ...tuned, records: { text: records } });
    const { outcome } = await runInMemory(study, { config: study.settings, fold, seed, tuning });
    return [outcome?.metrics?.["validation"], outcome?.metrics?.["validationAuroc"], outcome?.weights];
  };
  const whole = await weightsOf(text, true);
  expect(await weightsOf(changed(held!), true)).toEqual(whole);
  expect(await weightsOf(changed(seen!), true)).not.toEqual(whole);
  // The trial that is reported has the same division, and so the same weights.
  expect(await weightsOf(text, false)).toEqual(whole);
});

describe("what is wrong is named", () => {
  test.for([
    [{ table: text }, "recordsStudy: unknown option table; did you mean records?"],
    [{ records: text }, "expected one of { path }, { text } and { list }"],
    [{ records: { text, path: "x" } }, "recordsStudy: records is an object of text, path, expected one of"],
    [{ reading: {} }, "recordsStudy: reading is an object without members, expected how records are read"],
    [{ target: "outcome" }, 'recordsStudy: target is "outcome", expected { name } or { name, categories }'],
    [{ target: { name: "outcome", categories: ["a"] } }, "recordsStudy: target.categories is"],
    [{ validation: 0 }, "recordsStudy: expected validation as a share above 0 and at most 0.5, got 0"],
    [{ select: "rmse" }, 'recordsStudy: select is "rmse", expected loss, accuracy, auroc'],
    [{ inputs: "both" }, 'recordsStudy: inputs is "both", expected joined, separate'],
    [{ inputs: "separate" }, 'recordsStudy: reading.statics are read with inputs: "joined" only'],
    [{ group: "id" }, 'recordsStudy: group is "id", expected a function'],
    [{ folds: 1 }, "folds: expected an integer of at least 2"],
    [{ patience: -1 }, "recordsStudy: expected patience as an integer >= 0, got -1"],
  ])("%#", ([given, message]) => {
    expect(() => recordsStudy({ ...options, ...Object(given) })).toThrow(String(message));
  });

  test("a setting of a run that is none of its choices", async () => {
    const asked = { settings: { select: "auc" } };
    const plan = await planRun(recordsStudy(options), { store: memoryStore(), executor: inProcess(), asked });
    const { records } = await runStudy(plan);
    expect(records[0]!.reason).toContain('recordsStudy: select is "auc", expected loss, accuracy, auroc');
  });

  test("a file that is not there, and a target that no row has", async () => {
    const absent = recordsStudy({ ...options, records: { path: "/nowhere/ward.csv" } });
    await expect(absent.data?.({ dataFolder: null })).rejects.toThrow(
      'recordsStudy: records.path "/nowhere/ward.csv" cannot be read: ENOENT',
    );
    const { records } = await run({ ...options, target: { name: "result", categories } });
    expect(records[0]).toMatchObject({ status: "failed" });
    expect(records[0]!.reason).toContain('no column is called "result"');
  });

  test("a model of another target or study is refused", async () => {
    const { readOf } = await run({ ...options, epochs: 1, folds: 2 });
    const other = recordsStudy({ ...options, target: { name: "score" } });
    await expect(other.predict(readOf(0), { text })).rejects.toThrow(
      "predict: the model predicts outcome, but the study's target is score",
    );
    const lstms = recordsStudy({ ...options, cells: { lstm } });
    await expect(lstms.predict(readOf(0), { text })).rejects.toThrow(
      'predict: the model has the cell "gru", but the study has lstm',
    );
  });
});
