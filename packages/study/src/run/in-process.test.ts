import { expect, test } from "vitest";
import { executorStudy, executorSuite } from "../testing/index.ts";
import { inProcess } from "./in-process.ts";
import { memoryStore } from "./memory-store.ts";
import { planRun } from "./plan-run.ts";
import { runStudy } from "./run-study.ts";

const laws = executorSuite(inProcess, {
  newStore: memoryStore,
  except: {
    "a trial that dies is failed": "it would end this process",
    "a trial that takes more memory than its limit is failed": "trials share this process",
    "a trial that does not listen is killed": "a trial in this process cannot be killed",
  },
});

for (const { name, skip, run } of laws)
  test(skip === undefined ? name : `${name}: ${skip}`, { skip: skip !== undefined }, run);

test("a memory limit is refused, because trials share the process", async () => {
  const run = await planRun(executorStudy(), { store: memoryStore(), executor: inProcess(), memory: 1e9 });
  await expect(runStudy(run)).rejects.toThrow("inProcess: a memory limit of 1000000000 bytes was given");
});

test("a suite refuses a law that is none", () => {
  expect(() => executorSuite(inProcess, { newStore: memoryStore, except: { "a trial": "" } as object })).toThrow(
    "executorSuite: no law a trial",
  );
});
