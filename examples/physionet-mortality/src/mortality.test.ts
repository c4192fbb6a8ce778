import { dataFolder } from "@sluice/data";
import { expect, test } from "vitest";
import { mortality } from "./mortality.ts";

const folder = dataFolder();

test("two folds of few stays", async ({ skip }) => {
  skip(folder === undefined, "SLUICE_DATA names no data folder");
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const metrics = await mortality({ stays: 300, folds: 2, epochs: 1, hidden: 4, log });
  expect(metrics).toHaveLength(2);
  for (const { auroc, auprc } of metrics) {
    expect(auroc).toBeGreaterThan(0);
    expect(auroc).toBeLessThan(1);
    expect(auprc).toBeGreaterThan(0);
  }
  expect(lines).toEqual([
    expect.stringMatching(/^AUROC 0\.\d{3}, 95 % interval/),
    expect.stringMatching(/^AUPRC 0\.\d{3}/),
  ]);
});
