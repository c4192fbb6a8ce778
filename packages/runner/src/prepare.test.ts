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
    "another budget",
    { ...right, budget: "fast" },
    'prepareRun: budget: Invalid option: expected one of "quick"|"full"',
  ],
  ["half a seed", { ...right, seeds: 0.5 }, "prepareRun: seeds: expected a whole number of at least 1"],
  ["an unknown option", { ...right, seed: 3 }, 'prepareRun: the options: Unrecognized key: "seed"'],
])("%s is an error that says what is expected", async (_, options, message) => {
  await expect(async () => Reflect.apply(prepareRun, undefined, [options])).rejects.toThrow(message);
});
