import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { prepareRun } from "./prepare.ts";

const right = { module: "study.ts", budget: "quick", out: "runs" };

test.each<[string, unknown, string]>([
  ["no options", undefined, "prepareRun: the options: "],
  ["no folder for the run", { ...right, out: undefined }, "prepareRun: out: expected the path of a folder for the run"],
  [
    "no module",
    { ...right, module: undefined },
    "prepareRun: module: expected the path of a module that exports a study",
  ],
  [
    "a number for a budget",
    { ...right, budget: 3 },
    "prepareRun: budget: expected the name of one of the study's budgets",
  ],
  ["half a seed", { ...right, seeds: 0.5 }, "prepareRun: seeds: expected an integer of at least 1"],
  ["an unknown option", { ...right, seed: 3 }, 'prepareRun: the options: Unrecognized key: "seed"'],
])("%s is an error that says what is expected", async (_, options, message) => {
  await expect(async () => Reflect.apply(prepareRun, undefined, [options])).rejects.toThrow(message);
});

test("a budget that the study does not have is an error that lists those that it has", async () => {
  const module = fileURLToPath(new URL("../fixtures/line.ts", import.meta.url));
  await expect(prepareRun({ module, budget: "paper", out: "runs" })).rejects.toThrow(
    'the study "line" has no budget "paper"; it has quick, full',
  );
});
