import { dataFolder } from "@sluice/data";
import { parameterCount } from "@sluice/params";
import { studySuite } from "@sluice/trials/testing";
import { describe, expect, inject, test } from "vitest";
import { musicModel } from "./model.ts";
import music from "./study.ts";

const folder = dataFolder();

// An epoch of folk tunes takes seconds however small the model is.
describe("the study", () => {
  const laws = studySuite(music, {
    size: {
      hidden: 2,
      layers: 1,
      batch: 60,
      epochs: 2,
      logEvery: 2,
      validateEvery: 3,
      perTask: { tunes: { epochs: 1 } },
    },
    dataFolder: folder ?? null,
    skip: !inject("long")
      ? "it is for npm run test:long"
      : folder === undefined
        ? "SLUICE_DATA names no data folder"
        : undefined,
    diverging: { learningRate: 1e38 },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

test("the LSTM has the parameters of PyTorch's with 2 layers of 200, but one bias for each gate instead of two", () => {
  const model = musicModel({ cell: "lstm", hidden: 200, layers: 2, dropout: 0.2 });
  const pytorch = 4 * 200 * (88 + 200 + 2) + 4 * 200 * (200 + 200 + 2) + 88 * 201;
  expect(parameterCount(model)).toBe(pytorch - 2 * 4 * 200);
});
