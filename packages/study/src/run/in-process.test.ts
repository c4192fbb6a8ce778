import { expect, test } from "vitest";
import { executorSuite } from "../testing/index.ts";
import { inProcess } from "./in-process.ts";
import { memoryStore } from "./memory-store.ts";

const laws = executorSuite(inProcess, {
  newStore: memoryStore,
  except: {
    "a trial that dies is failed": "it would end this process",
    "a trial that does not listen is killed": "a trial in this process cannot be killed",
  },
});

for (const { name, skip, run } of laws)
  test(skip === undefined ? name : `${name}: ${skip}`, { skip: skip !== undefined }, run);

test("a suite refuses a law that is none", () => {
  expect(() => executorSuite(inProcess, { newStore: memoryStore, except: { "a trial": "" } as object })).toThrow(
    "executorSuite: no law a trial",
  );
});
