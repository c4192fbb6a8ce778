import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "@sluice/formats";
import { folderStore, loadTrial } from "@sluice/runner";
import { compareSummaries, importTrial, inProcess, planRun, readModel, readRun, runStudy } from "@sluice/study";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import line from "../../../../packages/runner/fixtures/line.ts";
import { commandHere } from "../../fixtures/command-here.ts";
import { commandIn, fixture } from "../../fixtures/command.ts";
import { addBundle } from "../commands/bundle.ts";
import { latexTable } from "../export/latex.ts";
import { trialTable } from "../export/trials.ts";
import { planImport, type ImportSources } from "./import-plan.ts";
import { overMapping, readMapping, type Mapping } from "./mapping.ts";
import { problemText } from "./problem.ts";
import { withoutNaN } from "./read-table.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-import-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What a PyTorch script and a tracker have written; `fixtures/import/generate.py` is that script. */
const written = fileURLToPath(new URL("../../../../fixtures/import", import.meta.url));
const wandb = readMapping(join(written, "mapping.json"));
const ofFolders: Mapping = {
  columns: { task: "dataset" },
  fixed: { variant: "torch-momentum" },
  settings: { rate: "lr" },
  metrics: { error: "slope_error", loss: "train_loss" },
};

const out = join(scratch, "run");
const store = folderStore(out);

/** A run of the study with seeds 0 and 1. */
async function runHere(seeds: readonly number[] = [0, 1], into = store): Promise<void> {
  await runStudy(
    await planRun(line, { store: into, executor: inProcess(), budget: "quick", seeds, module: fixture("line") }),
  );
}
beforeAll(() => runHere());

const planned = async (given: Partial<ImportSources>, from = store) =>
  planImport(await readRun(from), {
    sources: [],
    curves: [],
    mapping: {},
    mappingFile: "mapping.json",
    folder: written,
    replace: false,
    date: "2026-03-01T00:00:00.000Z",
    ...given,
  });

const problemsOf = async (given: Partial<ImportSources>): Promise<string[]> =>
  (await planned(given)).problems.map(problemText);

/** What pandas writes of two runs. */
const DICTS = `,summary,config,name,State
0,"{'slope_error': 0.25, 'train_loss': 1e-05, '_runtime': 12.5, '_wandb': {'runtime': 12}}","{'seed': 0, 'dataset': 'low noise', 'optimizer': {'lr': 0.05}, 'bidirectional': False, 'name': ""it's"", 'layers': (1,), '_wandb': None}",run-0,finished
1,"{'slope_error': 0.375, 'train_loss': nan, '_runtime': 12.5, '_wandb': {'runtime': 12}}","{'seed': 1, 'dataset': 'low noise', 'optimizer': {'lr': 0.05}, 'bidirectional': False, 'name': ""it's"", 'layers': (1,), '_wandb': None}",run-1,crashed
`;

/** A table in the scratch folder. */
function table(name: string, text: string): Partial<ImportSources> {
  writeFileSync(join(scratch, name), text);
  return { sources: [name], folder: scratch };
}

describe("what others have written is read", () => {
  test("a folder per run of a PyTorch script, with its weights", async () => {
    const { trials, problems, newVariants, strange } = await planned({ sources: ["folders"], mapping: ofFolders });
    expect([problems, newVariants, strange]).toEqual([[], ["torch-momentum"], ["batch_first"]]);
    expect(trials).toHaveLength(3);
    for (const [seed, { given, metrics }] of trials.entries()) {
      const folder = join(written, "folders", `run-${seed}`);
      const final = JSON.parse(readFileSync(join(folder, "final.json"), "utf8"));
      const [header, ...rows] = readFileSync(join(folder, "metrics.csv"), "utf8").trim().split(/\r?\n/);
      expect(header).toBe("step,train_loss,slope_error");
      const curve = rows.map((row) => row.split(",").map(Number));
      expect(given).toMatchObject({
        task: "low noise",
        seed,
        status: "done",
        parameters: 1,
        weights: "last.safetensors",
      });
      expect(given.config).toEqual({ steps: 30, rate: 0.05, batch_first: true });
      expect(given.rows.map(({ step, loss, error }) => [step, loss, error])).toEqual(curve);
      expect(metrics).toEqual({ error: final.slope_error, loss: curve.at(-1)?.[1] });
      const weights = readFileSync(join(folder, "last.safetensors"));
      expect(given.files.map(({ name, sha256: hash }) => [name, hash])).toEqual([
        ["last.safetensors", sha256(weights)],
      ]);
    }
  });

  test("a tracker's tables of runs and of their history, in other units, with a run that crashed", async () => {
    const { trials, problems } = await planned({
      ...{ sources: ["wandb-runs.csv"], curves: ["wandb-history.csv"], mapping: wandb },
    });
    expect(problems).toEqual([]);
    const folders = await planned({ sources: ["folders"], mapping: ofFolders });
    expect(trials.map(({ given: { task, seed, status } }) => [task, seed, status])).toEqual([
      ["low noise", 0, "done"],
      ["low noise", 1, "done"],
      ["low noise", 2, "done"],
      ["high noise", 0, "done"],
      ["high noise", 1, "done"],
      ["high noise", 2, "failed"],
    ]);
    // The script trained the same three runs for both exports, and the tracker has its errors in percent.
    for (const [seed, { given }] of folders.trials.entries())
      for (const [index, { step, error = NaN, loss }] of given.rows.entries()) {
        const row = trials[seed]?.given.rows[index];
        expect([row?.step, row?.["loss"]]).toEqual([step, loss]);
        expect(row?.["error"]).toBeCloseTo(error, 12);
      }
    expect(trials[0]?.given).toMatchObject({
      seconds: 12,
      finished: "2026-03-01T10:00:00.000Z",
      config: { rate: 0.05 },
    });
    expect(trials[5]?.given.rows).toHaveLength(4);
    expect(trials[0]?.trial.imported).toMatchObject({
      source: "W&B project line",
      by: "A. Student",
      software: "PyTorch",
    });
  });

  test("Parquet and JSON lines give the curves of CSV", async () => {
    const ofCsv = await planned({ sources: ["wandb-runs.csv"], curves: ["wandb-history.csv"], mapping: wandb });
    const columns = { ...{ trial: "run", step: "_step", seed: "seed", task: "dataset" } };
    const { settings: _, ...shared } = wandb;
    const ofParquet = await planned({ sources: ["history.parquet"], mapping: { ...shared, columns } });
    const ofJson = await planned({
      sources: ["history.jsonl"],
      mapping: { ...shared, columns: { ...columns, seed: "config.seed", task: "config.dataset" } },
    });
    expect([...ofParquet.problems, ...ofJson.problems]).toEqual([]);
    expect(ofParquet.trials.map(({ given }) => given.rows)).toEqual(ofCsv.trials.map(({ given }) => given.rows));
    expect(ofJson.trials.map(({ given }) => given.rows)).toEqual([ofCsv.trials[0]?.given.rows]);
  });

  test("a table of W&B's runs whose cells are dictionaries, as pandas writes them, and with a column per member", async () => {
    const mapping: Mapping = {
      columns: { task: "dataset" },
      fixed: { variant: "torch" },
      metrics: { error: "slope_error", loss: "train_loss" },
      settings: { rate: "optimizer.lr" },
    };
    // print(pandas.DataFrame({"summary": [...], "config": [...], "name": [...], "State": [...]}).to_csv())
    const ofDicts = await planned({ ...table("dicts.csv", DICTS), mapping });
    expect(ofDicts.problems).toEqual([]);
    expect(ofDicts.trials.map(({ given }) => given)).toMatchObject([
      {
        ...{ task: "low noise", seed: 0, status: "done", seconds: 12.5 },
        config: { rate: 0.05, bidirectional: false, name: "it's", layers: [1] },
        metrics: { error: 0.25, loss: 1e-5 },
      },
      { seed: 1, status: "failed", metrics: { error: 0.375, loss: NaN } },
    ]);
    expect(ofDicts.strange.toSorted()).toEqual(["bidirectional", "layers", "name"]);
    const flat =
      "name,State,config/seed,config/dataset,config/optimizer.lr,summary/slope_error\nrun-0,finished,0,low noise,0.05,0.25\n";
    const ofColumns = await planned({
      ...table("flat.csv", flat),
      mapping: { ...mapping, metrics: { error: "slope_error" } },
    });
    expect(ofColumns.problems).toEqual([]);
    expect(ofColumns.trials[0]?.given).toMatchObject({ seed: 0, config: { rate: 0.05 }, metrics: { error: 0.25 } });
    const chart = "Step,run-0 - loss,run-0 - loss__MIN,run-0 - loss__MAX\n0,1,1,1\n";
    await expect(planned({ ...table("chart.csv", chart), mapping })).rejects.toThrow(
      'chart.csv, line 1, column "run-0 - loss__MIN": this is the export of a chart, with a column per run; expected a row per trial',
    );
  });

  test("what sluice export writes, and the words of pandas and Python", async () => {
    const csv =
      "task,variant,seed,fold,status,setting.rate,metric.error,metric.loss\nlow noise,a,3.0,,done,0.05,nan,1e-3\n";
    const { trials, problems } = await planned(table("exported.csv", csv));
    expect(problems).toEqual([]);
    expect(trials[0]?.given).toMatchObject({ seed: 3, config: { rate: 0.05 }, metrics: { error: NaN, loss: 0.001 } });
    expect(JSON.parse(withoutNaN('{"a": NaN, "b": -Infinity, "c": "NaN, \\"NaN"}'))).toEqual({
      ...{ a: "NaN", b: "-Infinity", c: 'NaN, "NaN' },
    });
  });
});

describe("what is wrong is said, with file, line and column", () => {
  const head = "variant,task,seed,rate,error\n";
  test.each([
    [
      "a seed",
      `${head}a,low noise,0,0.05,1\na,low noise,x,0.05,1\n`,
      'line 3, column "seed": "x" is no seed; expected an integer of at least 0',
    ],
    [
      "a task",
      `${head}a,lo noise,0,0.05,1\n`,
      'line 2, column "task": the run has no task "lo noise"; did you mean "low noise"?',
    ],
    ["a number", `${head}a,low noise,0,0.05,one\n`, 'line 2, column "error": "one" is no number'],
    ["a type", `${head}a,low noise,0,fast,1\n`, 'line 2, column "rate": "fast" is a string, expected a number'],
    [
      "a value of the variant",
      `${head}plain,low noise,9,0.1,1\n`,
      'line 2, column "rate": 0.1, but the variant "plain" of the run has 0.05. Import it as a variant of another name, or leave the setting out if it means something else',
    ],
    [
      "a taken place",
      `${head}plain,low noise,0,0.05,1\n`,
      "line 2: the run has a trial of its own for low noise, plain seed 0; import this one under another name of its variant",
    ],
    [
      "a row twice",
      `${head}a,low noise,0,0.05,1\na,low noise,0,0.05,1\n`,
      "line 3: a second row of the trial in line 2 of t.csv. If rows are steps, name the column of steps: --column step=NAME",
    ],
    ["a short row", `${head}a,low noise,0\n`, "line 2: it has 3 cells, and the header has 5"],
    [
      "after a cell of two lines",
      `${head}"a\nb",low noise,0,0.05,1\na,low noise,-1,0.05,1\n`,
      'line 4, column "seed": "-1" is no seed; expected an integer of at least 0',
    ],
    [
      "a status",
      "variant,task,seed,status,error\na,low noise,0,runing,1\n",
      'line 2, column "status": "runing" is no status of a trial that has ended; known: done, finished, completed, success, terminated, diverged, failed, crashed, killed, error. Other words are given in names.status of the mapping',
    ],
    [
      "steps backwards",
      "variant,task,seed,step,error\na,low noise,0,2,1\na,low noise,0,1,1\n",
      'line 3, column "step": step 1 comes after step 2; expected steps in their order',
    ],
    [
      "a setting that changes",
      "variant,task,seed,step,rate,error\na,low noise,0,1,0.05,1\na,low noise,0,2,0.06,1\n",
      'line 3, column "rate": 0.06, but line 2 says 0.05 of the same trial',
    ],
    [
      "no variant",
      "task,seed,error\nlow noise,0,1\n",
      "line 2: no variant is given; name its column (--column variant=NAME), or the variant of all trials (--variant NAME)",
    ],
  ])("%s", async (_, text, problem) => {
    const given = table("t.csv", text);
    const found = await problemsOf(given).catch((error: Error) => [error.message]);
    expect(found).toEqual([`t.csv, ${problem}`]);
  });

  test("a column, metric or setting of the mapping that is not there, once and not for every line", async () => {
    const given = table("t.csv", `${head}a,low noise,0,0.05,1\n`);
    expect(await problemsOf({ ...given, mapping: { metrics: { error: "eror" } } })).toEqual([
      't.csv, column "eror": the mapping names it for the metric "error", and there is no such column; did you mean "error"?',
    ]);
    expect(
      await problemsOf({ ...given, mapping: { metrics: { errors: "error" }, settings: { rat: "rate" } } }),
    ).toEqual([
      'mapping.json: metrics: the run has no metric "errors"; did you mean "error"?',
      'mapping.json: settings: the run has no setting "rat"; did you mean "rate"?. Settings of your own are kept under their own names',
    ]);
    writeFileSync(join(scratch, "wrong.json"), '{ "colums": {}, "columns": { "sed": "a" } }');
    expect(() => readMapping(join(scratch, "wrong.json"))).toThrow('unknown member "colums": did you mean "columns"?');
  });

  test("a curve under two names", async () => {
    const rows = Array.from({ length: 12 }, (_, i) => [0, 1].map((seed) => `a,low noise,${seed},${i},${i / 7}`)).flat();
    expect(await problemsOf(table("copy.csv", `variant,task,seed,step,error\n${rows.join("\n")}\n`))).toEqual([
      "copy.csv, line 3: its curves are those of line 2 of copy.csv to the last digit, so one of them is a copy",
    ]);
  });

  test("files and folders that are no trials", async () => {
    mkdirSync(join(scratch, "empty"));
    await expect(planned({ sources: ["empty"], folder: scratch })).rejects.toThrow(
      "no trial is in it: expected a folder per trial",
    );
    await expect(planned({ sources: ["none.csv"] })).rejects.toThrow("none.csv: no such file or folder");
    await expect(planned(table("t.txt", ""))).rejects.toThrow("t.txt: neither a folder nor a table");
    await expect(planned(table("t.jsonl", "[1]\n"))).rejects.toThrow("t.jsonl, line 1: expected an object");
    await expect(planned(table("t.parquet", "PAR1"))).rejects.toThrow("t.parquet: cannot be read");
  });
});

test("the identity is that of the content: not of the date, the place, or other trials beside it", async () => {
  const once = await planned({ sources: ["folders"], mapping: ofFolders });
  const again = await planned({
    sources: ["folders/run-1"],
    mapping: { ...ofFolders, by: "me" },
    date: "2027-01-01T00:00:00.000Z",
  });
  expect(again.trials[0]?.trial.id).toBe(once.trials[1]?.trial.id);
  const other = await planned({
    sources: ["folders/run-1"],
    mapping: overMapping(ofFolders, { files: { keep: ["*.csv"] } }),
  });
  expect(other.trials[0]?.given.files.map(({ name }) => name)).toEqual(["last.safetensors", "metrics.csv"]);
  expect(other.trials[0]?.trial.id).not.toBe(once.trials[1]?.trial.id);
});

test("an imported trial counts like others and is marked; one of the run's own in its place replaces it", async () => {
  const into = folderStore(join(scratch, "places"));
  await runHere([0, 1], into);
  const text = "variant,task,seed,rate,error\nplain,low noise,2,0.05,0.5\ntorch,low noise,0,0.01,0.25\n";
  for (const { trial, given } of (await planned(table("t.csv", text), into)).trials)
    await importTrial(into, trial, { given, metrics: line.metrics, command: "import" });
  const { results, problems } = await readModel(into, null);
  expect(problems).toEqual([]);
  const values = (variant: string) =>
    results.values({ task: "low noise", variant, metric: "error" }).map(({ seed }) => seed);
  expect([values("plain"), values("torch"), results.variants]).toEqual([
    [0, 1, 2],
    [0],
    ["plain", "momentum", "torch"],
  ]);
  expect(latexTable(await readModel(into, null))).toContain(
    "Run elsewhere and imported: 1 of 5 trials of plain; torch.",
  );
  await runHere([0, 1, 2], into);
  const after = await readRun(into);
  expect(after.problems).toEqual([
    expect.stringMatching(
      /^.*low-noise-plain-seed2-[0-9a-f]+: this imported trial is left out: the run has a trial of its own in its place$/,
    ),
  ]);
  expect(after.trials.filter(({ trial }) => trial.imported !== undefined).map(({ trial }) => trial.variant)).toEqual([
    "torch",
  ]);
});

test("the command imports once, tells what it would do, and every other command marks the trials", async () => {
  const { sluice } = commandIn(written);
  const options = ["--as", "mapping.json", "--curves", "wandb-history.csv", "--software", "PyTorch 2.15"];
  const dry = await sluice("import", out, "wandb-runs.csv", ...options, "--dry-run");
  expect([dry.code, dry.stderr]).toEqual([0, ""]);
  expect(dry.stdout).toMatch(/^high noise +torch-momentum seed 2 +failed +4 +0 +0\.3503 +0\.03080 +new$/m);
  expect(dry.stdout).toContain("Not used of wandb-runs.csv: Notes.\n6 trials would be imported. Nothing was written.");
  expect((await readRun(store)).trials).toHaveLength(8);

  const first = await sluice("import", out, "wandb-runs.csv", ...options, "--json");
  expect([first.code, JSON.parse(first.stdout)]).toEqual([
    0,
    expect.objectContaining({ written: true, problems: [], newVariants: ["torch-momentum"] }),
  ]);
  const again = await planned({ sources: ["wandb-runs.csv"], curves: ["wandb-history.csv"], mapping: wandb });
  expect([again.problems, again.trials.map(({ isThere }) => isThere)]).toEqual([[], Array(6).fill(true)]);
  const other = await problemsOf({ sources: ["folders"], mapping: ofFolders });
  expect(other[0]).toBe(
    "folders/run-0/config.json: low noise, torch-momentum seed 0 was imported before with other content, from W&B project line; replace it with --replace",
  );
  const columns = ["--column", "task=dataset", "--metric", "error=slope_error"];
  const replaced = await sluice("import", out, "folders", "--variant", "torch-momentum", ...columns, "--replace");
  expect([replaced.code, replaced.stdout]).toEqual([0, expect.stringContaining("3 trials imported.")]);
  const run = await readRun(store);
  const imported = run.trials.filter(({ trial }) => trial.imported !== undefined);
  expect(imported).toHaveLength(6);
  const weights = imported.find(({ record }) => record.weights !== undefined)?.record.folder ?? "";
  expect((await loadTrial(weights)).weights.last).toHaveProperty("weight");

  const [report, verified] = await Promise.all([
    sluice("report", out),
    sluice("verify", out, "--trials", "1", "--json"),
  ]);
  expect(report.stdout).toMatch(/^low noise +torch-momentum .* 3\/3, imported$/m);
  const page = readFileSync(join(out, "report.html"), "utf8");
  for (const text of ["Imported trials", "6 of them imported", "W&amp;B project line", "PyTorch 2.15"])
    expect(page).toContain(text);
  const answers: { agreement: string; because?: string }[] = JSON.parse(verified.stdout);
  expect(answers.map(({ agreement }) => agreement)).toEqual(["bitwise the same", ...Array(5).fill("not verified")]);
  expect(answers[1]?.because).toContain("they ran elsewhere, with code that is not known here");
  const { metrics } = await compareSummaries([store, store]);
  expect(metrics.find(({ variant }) => variant === "torch-momentum")?.runs[1]?.imported).toBe(3);
  const { columns: names, parts } = await trialTable(run, store);
  const at = names.findIndex(({ name }) => name === "imported");
  for await (const rows of parts())
    expect(new Set(rows.map((row) => row[at]))).toEqual(new Set([null, "folders", "W&B project line"]));
});

test("a runs folder is made for a study that was not run", async () => {
  const { sluice } = commandIn(scratch);
  writeFileSync(join(scratch, "only.csv"), "variant,task,seed,error\ntorch,low noise,0,0.25\n");
  const made = await sluice("import", "fresh", "only.csv", "--study", fixture("line"), "--budget", "quick");
  expect([made.code, made.stderr]).toEqual([0, ""]);
  const { manifest, trials } = await readRun(folderStore(join(scratch, "fresh")));
  expect([
    manifest.budget,
    trials.filter(({ record }) => record.status === "done").map(({ trial }) => trial.variant),
  ]).toEqual(["quick", ["torch"]]);
  const verify = await sluice("verify", "fresh");
  expect([verify.code, verify.stderr]).toEqual([
    2,
    expect.stringContaining("every trial that is done was imported: they ran elsewhere"),
  ]);
  const bundle = commandHere(scratch, addBundle);
  expect(await bundle("fresh", "bundle of fresh")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("all its trials were imported. Their code is not known here"),
  });
});
