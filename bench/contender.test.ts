import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { millisecondsOf, startProcess, type Start } from "./contender.ts";
import { environment } from "./peers.ts";

const run = (script: string) => startProcess({ program: process.execPath, args: ["-e", script] });

test("a contender that ends says how, and with its last words", async () => {
  const ended = run(`console.error("no such library"); process.exit(3)`);
  await expect(ended.ask({ op: "about" })).rejects.toThrow("it ended with exit code 3: no such library");
  await expect(ended.ask({ op: "about" })).rejects.toThrow("exit code 3");
});

test("a program that is not there is an error, not a crash", async () => {
  await expect(startProcess({ program: "/nowhere/python", args: [] }).ask({ op: "about" })).rejects.toThrow("ENOENT");
});

test("answers come in order, other output is passed over, and an error is thrown", async () => {
  const echo = run(`
    let answers = [{ ms: 4 }, { error: "no ragged here" }];
    process.stdin.on("data", (text) => { for (const _ of String(text).trim().split("\\n")) console.log("hello\\n" + JSON.stringify(answers.shift())); });
  `);
  const sample = { op: "sample", slot: "a", leadIn: 0, runs: 1, clock: "wall" } as const;
  const [first, second] = await Promise.allSettled([millisecondsOf(echo, sample), millisecondsOf(echo, sample)]);
  expect(first).toEqual({ status: "fulfilled", value: 4 });
  expect(second).toMatchObject({ status: "rejected", reason: { message: "no ragged here" } });
  echo.close();
});

const peers = join(import.meta.dirname, "peers");
const python = ["python3", environment("torch"), environment("jax")].find(
  (program) => spawnSync(program, ["-c", "import numpy"]).status === 0,
);

/** Contenders whose first two runs take 150 ms, and the others none; the second as all that are written in Python. */
const slowAtFirst: Readonly<Record<string, Start>> = {
  "serve.ts": {
    program: process.execPath,
    args: [
      "--conditions=@sluice/source",
      "--disable-warning=ExperimentalWarning",
      "--input-type=module",
      "-e",
      `
      import { serve } from ${JSON.stringify(new URL("peers/serve.ts", import.meta.url).href)};
      let left = 2;
      const run = () => new Promise((resolve) => setTimeout(resolve, left-- > 0 ? 150 : 0));
      await serve({ about: () => "", prepare: async () => ({ run }) });`,
    ],
  },
  "serve.py": {
    program: python ?? "",
    args: [
      "-c",
      `
import sys, time
sys.path.insert(0, sys.argv[1])
import serve
times = [0.15, 0.15]
serve.read_tensors = lambda path: {}
serve.serve(lambda: {}, lambda case, data: (lambda: time.sleep(times.pop()) if times else None, None))`,
      peers,
    ],
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  },
};

test.for(Object.entries(slowAtFirst))("a turn begins with untimed runs: %s", async ([name, start], { skip }) => {
  skip(name === "serve.py" && python === undefined, "there is no Python with NumPy");
  const contender = startProcess(start);
  await contender.ask({ op: "prepare", slot: "a", case: { kind: "peak", size: 1, products: 1 }, data: "" });
  expect(
    await millisecondsOf(contender, { op: "sample", slot: "a", leadIn: 200, runs: 1, clock: "wall" }),
  ).toBeLessThan(75);
  contender.close();
});
