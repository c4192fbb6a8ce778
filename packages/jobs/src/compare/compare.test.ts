import { clockwork, dense, gru, lstm, rnn, sequence, sequential, tauGru, type CellSizes } from "@sluice/cells";
import { adding, parity, type Dataset } from "@sluice/data";
import { parameterCount } from "@sluice/params";
import { inProcess, memoryStore, planRun, runStudy } from "@sluice/study";
import { full, key, mapTree, reference, tensor, uniform, valuesOf, type Tensor } from "@sluice/tensor";
import { runInMemory } from "@sluice/trials/testing";
import { describe, expect, test } from "vitest";
import { compare, productsPerStep, type CompareOptions } from "../index.ts";
import { horizonOf } from "./horizon.ts";

const small = { hidden: 6, epochs: 2, batch: 20, learningRate: 1e-2, seeds: 1 };
const sizes = { train: 60, validation: 20, test: 30 };
const sums = adding({ time: 6, ...sizes });
const parities = parity({ time: 5, shortest: 3, ...sizes });

async function run(options: CompareOptions) {
  const store = memoryStore();
  const plan = await planRun(compare(options), { store, executor: inProcess() });
  const { records, document } = await runStudy(plan);
  return { records, document, page: store.report() ?? "" };
}

/** Characters: each is the one before plus 1 or 2, of four. */
function characters({ seed }: { seed: number }): Dataset {
  const split = (part: number, rows: number) => {
    const draws = [...valuesOf(uniform(key(seed + part), [rows, 9]))];
    const at = (row: number, step: number): number =>
      draws.slice(9 * row, 9 * row + step + 1).reduce((sum, u) => sum + (u < 0.5 ? 1 : 2), 0) % 4;
    const from = (start: number) =>
      tensor(
        Int32Array.from({ length: rows * 8 }, (_, i) => at(Math.floor(i / 8), (i % 8) + start)),
        [rows, 8],
      );
    return { x: from(0), y: from(1) };
  };
  const provenance = { source: "made", licence: "none", files: { "made.txt": `${seed}` }, split: "", caution: "" };
  return { name: "steps", train: split(1, 40), validation: split(2, 10), test: split(3, 20), provenance };
}

describe("cells on tasks", () => {
  const options: CompareOptions = {
    name: "mine",
    cells: { mine: rnn, gru, lstm },
    tasks: [
      sums,
      { name: "parity", data: parities },
      { name: "next", kind: "characters", data: characters, settings: { epochs: 1 } },
    ],
    ...small,
  };

  test("is a study: every cell on every task, with a claim against each other cell, and sizes near the first one's", async () => {
    const { records, document, page } = await run(options);
    expect(records.map(({ status, warnings }) => ({ status, warnings }))).toEqual(
      Array(9).fill({ status: "done", warnings: [] }),
    );
    const of = (task: string, variant: string) =>
      records.find((record) => record.task === task && record.variant === variant)!.metrics;
    const scores = (task: string) =>
      ["rmse", "stepAccuracy", "bits"].filter((name) => typeof of(task, "gru")[name] === "number");
    expect(["adding, 6 steps", "parity", "next"].map(scores)).toEqual([["rmse"], ["stepAccuracy"], ["bits"]]);
    expect(page).not.toContain("undefined");

    const counts = (variant: string) => of("adding, 6 steps", variant);
    // A tanh RNN: H (I + H + 1) + H + 1 with 6 units on 2 features; 6 steps of H (I + H), and the readout once.
    expect(counts("mine")).toMatchObject({ hidden: 6, parameters: 6 * 9 + 7, products: 6 * 48 + 6 });
    for (const [name, cell] of Object.entries({ gru, lstm })) {
      const count = (hidden: number): number => parameterCount(cell({ input: 2, hidden })) + hidden + 1;
      const distance = (hidden: number): number => Math.abs(count(hidden) - 61);
      const best = [1, 2, 3, 4, 5, 6].reduce((a, b) => (distance(b) < distance(a) ? b : a));
      expect(counts(name)).toMatchObject({ hidden: best, parameters: count(best) });
    }
    expect(document.claims.map(({ text }) => text)).toEqual([
      "On adding, 6 steps, mine is better than gru with about as many parameters (lower held-out RMSE).",
      "On adding, 6 steps, mine is better than lstm with about as many parameters (lower held-out RMSE).",
      "On parity, mine is better than gru with about as many parameters (higher held-out accuracy of steps).",
      "On parity, mine is better than lstm with about as many parameters (higher held-out accuracy of steps).",
      "On next, mine is better than gru with about as many parameters (lower held-out bits per character).",
      "On next, mine is better than lstm with about as many parameters (lower held-out bits per character).",
    ]);
    expect(page).toContain("Multiplications per sequence");
  });

  test("asks for the hashes of the files, and gives data its seed", async () => {
    const own = compare({ ...options, tasks: [options.tasks[2]!] });
    expect(await own.data?.({ dataFolder: null })).toEqual({ "made.txt": "0" });
    expect(own.question).toBe("Is mine better than gru, lstm with about as many parameters?");
  });

  test("can have as many multiplications, or the same hidden size", async () => {
    const of = async (match: "flops" | "none") =>
      (await run({ ...options, tasks: [sums], match, seeds: 1, epochs: 1, cells: { lstm, rnn } })).records.map(
        ({ metrics }) => metrics,
      );
    const [first, second] = await of("flops");
    // 6 steps of products with W [2, 4 H] and U [H, 4 H], here H = 6, and a readout of H.
    expect(first).toMatchObject({ hidden: 6, products: 6 * 4 * 6 * 8 + 6 });
    // 6 H (H + 2) + H of the tanh RNN: 1183 for 13, 1020 for 12.
    expect(second).toMatchObject({ hidden: 13, products: 1183 });
    expect((await of("none")).map((metrics) => metrics["hidden"])).toEqual([6, 6]);
  });
});

test("multiplications are those of the plan, with the readout of each step", () => {
  const of = (outputs: "all" | "last") =>
    productsPerStep(sequential([sequence(gru({ input: 3, hidden: 5 }), { outputs }), dense({ input: 5, output: 7 })]));
  expect(of("last")).toBe(3 * 5 * (3 + 5));
  expect(of("all")).toBe(3 * 5 * (3 + 5) + 5 * 7);
});

test("a trial that is stopped goes on to the same bits", async () => {
  // The tests' context has a task of this name.
  const own = compare({ ...small, name: "stopped", cells: { rnn, gru }, tasks: [{ name: "test", data: sums }] });
  const config = { ...own.settings, cell: "gru" };
  const whole = await runInMemory(own, { config });
  expect(whole.outcome?.metrics?.["rmse"]).toBeGreaterThan(0);
  for (const stopAt of [1, 3, 5]) {
    const stopped = await runInMemory(own, { config, stopAt });
    expect(stopped.outcome).toBeNull();
    expect(await runInMemory(own, { config, from: stopped.left })).toEqual(whole);
  }
});

test("a cell that takes only some sizes gets one of them", async () => {
  const modules = ({ input, hidden }: CellSizes) => clockwork({ input, hidden, periods: [1, 2, 4] });
  const { records } = await run({
    ...small,
    name: "modules",
    cells: { gru, clockwork: { cell: modules, multipleOf: 3 } },
    tasks: [sums],
    seeds: 1,
    epochs: 1,
  });
  expect(records.map(({ status }) => status)).toEqual(["done", "done"]);
  expect(Number(records[1]!.metrics["hidden"]) % 3).toBe(0);
});

describe("what is wrong is named", () => {
  const given: CompareOptions = { ...small, name: "wrong", cells: { gru }, tasks: [sums] };
  const wrong = (options: object) => () => compare({ ...given, ...options });
  const named = (data: object) => ({ ...sums, ...data }) as Dataset;

  test.for([
    [{ cell: { gru } }, "compare: unknown option cell; did you mean cells?"],
    [{ lr: 1 }, "compare: unknown option lr; did you mean learningRate?"],
    [{ cells: {} }, "compare: cells is an object without members, expected cells by name, such as { gru, lstm }"],
    [{ cells: { gru: gru({ input: 2, hidden: 3 }) } }, "compare: cells.gru is a cell, expected a function"],
    [{ cells: { gru: 3 } }, "compare: cells.gru is 3, expected a function ({ input, hidden }) => cell, such as gru"],
    [{ cells: { gru: { cell: gru, multipleOf: 0 } } }, "compare: cells.gru: multipleOf must be an integer >= 1, got 0"],
    [{ match: "size" }, 'compare: match is "size", expected parameters, flops, none'],
    [{ hidden: 0 }, "compare: expected hidden as an integer >= 1, got 0"],
    [{ learningRate: -1 }, "compare: expected learningRate as a number above 0, got -1"],
    [{ tasks: [] }, "compare: tasks is [], expected a list of data sets"],
    [{ tasks: [sums, sums] }, 'compare: two tasks are called "adding, 6 steps"; give them a name'],
    [{ tasks: [{ data: () => sums }] }, "compare: tasks[0]: name is undefined; a task whose data a function makes"],
    [
      { tasks: [{ name: "x", data: () => sums }] },
      "compare: tasks[0]: a task whose data a function makes needs a kind",
    ],
    [{ tasks: [{ data: sums, kind: "labeling" }] }, 'compare: tasks[0]: kind is "labeling"; did you mean labelling?'],
    [
      { tasks: [{ data: sums, kind: "labelling" }] },
      "compare: tasks[0]: the target y is f32 [60,1], expected i32 [examples, time] for labelling",
    ],
    [
      { tasks: [named({ test: adding({ ...sizes, time: 6, test: 0 }).test })] },
      "compare: tasks[0]: the data set has no test examples",
    ],
    [
      { tasks: [named({ train: { y: sums.train.y } })] },
      "compare: tasks[0]: x is missing, expected [examples, time, features], or tokens",
    ],
    [{ tasks: [{ data: sums, settings: { epoch: 3 } }] }, 'tasks.adding, 6 steps: unknown setting "epoch"'],
  ] as const)("%#", ([options, message]) => {
    expect(wrong(options)).toThrow(message);
  });

  test("a setting of a run that is none of its choices fails the trial", async () => {
    const asked = { settings: { match: "size" } };
    const plan = await planRun(compare({ ...given, seeds: 1 }), { store: memoryStore(), executor: inProcess(), asked });
    const { records } = await runStudy(plan);
    expect(records[0]!.reason).toContain('compare: match is "size", expected parameters, flops, none');
  });

  test("a cell that does not fit fails its trial with the option's name", async () => {
    const three = ({ hidden }: CellSizes) => gru({ input: 3, hidden });
    const { records } = await run({ ...given, cells: { three }, seeds: 1 });
    expect(records[0]).toMatchObject({ status: "failed" });
    expect(records[0]!.reason).toContain("compare: cells.three: the cell reads 3 features, but the task has 2");
  });
});

describe("the horizon of the last output", () => {
  const short = { ...small, epochs: 1 };

  test("of a trained model is one metric of all kinds of tasks, and absent by default", async () => {
    const horizons = async (options: Partial<CompareOptions>) => {
      const tasks = [
        sums,
        { name: "parity", data: parities },
        { name: "next", kind: "characters", data: characters } as const,
      ];
      const { records } = await run({ name: "far", cells: { gru, tau: tauGru }, tasks, ...short, ...options });
      expect(records.flatMap(({ status, warnings }) => [status, ...warnings])).toEqual(Array(6).fill("done"));
      return records.map(({ metrics }) => metrics["horizon"]);
    };
    expect(await horizons({})).toEqual(Array(6).fill(undefined));
    for (const reached of await horizons({ horizon: true })) {
      expect(reached).toBeGreaterThanOrEqual(0);
      expect(reached).toBeLessThan(8);
    }
  });

  test("is 0 where no state reaches the next step, and the whole sequence where nothing is forgotten", async () => {
    const last = dense({ input: 1, output: 1 });
    const of = async (U: number) => {
      const model = sequential([sequence(rnn({ input: 1, hidden: 1 }), { outputs: "last" }), last]);
      const fill = (values: Readonly<Record<string, number>>) => (t: Tensor, path: string) =>
        full(t.shape, values[path.split(".").at(-1) ?? ""] ?? 0);
      const params = mapTree(model.init(key(1)), fill({ W: 0.001, U }));
      const weights = {
        params: mapTree(params, (t, path) => (path.startsWith("1") && path.endsWith("W") ? full(t.shape, 1) : t)),
        buffers: {},
      };
      const examples = { x: uniform(key(3), [5, 7, 1]), y: full([5, 1], 0) };
      return horizonOf("test", model, weights, { examples, backend: reference() });
    };
    expect(await of(0)).toBe(0);
    expect(await of(1)).toBe(6);
    // The gradient falls by a half at each step back: 0.5^6 is 1.6 %, above 1 %; 0.1^2 is 1 %, and 0.1^3 below.
    expect(await of(0.5)).toBe(6);
    expect(await of(0.09)).toBe(1);
  });
});
